"""The notebooks that readers download or open in Colab: prose as plain Markdown, code with what it printed.

What only the build needs, the checks in ``remove-cell`` cells, is left out.
"""

import re
import shutil
from contextlib import suppress
from pathlib import Path

import nbformat
from hdr_markdown import Cell, Writer
from jupyter_cache import get_cache

RECORD = "application/papermill.record/"  # a glued output; an image is shown all the same, text stands in the prose


def collect(app, doctree, docname) -> None:
    """Keep each page, resolved, as Markdown and numbers of cells."""
    if app.builder.name != "html" or not notebook_path(app, docname).exists():
        return
    base = app.config.html_baseurl
    images = {uri: f"{base}{app.builder.imagedir}/{name}" for uri, (_, name) in app.env.images.items()}
    macros = app.config.mathjax3_config["tex"]["macros"]
    numbers, sections = (kind.get(docname, {}) for kind in (app.env.toc_fignumbers, app.env.toc_secnumbers))
    writer = Writer(f"{base}{docname}.html", images, numbers, macros, sections=sections)
    app.hdr_pages[docname] = list(writer.items(doctree))


def notebook_path(app, docname) -> Path:
    """Where MyST-NB leaves the notebook of a page, without the outputs that come from the cache."""
    return Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"


def publish(app, exception) -> None:
    """Write the notebooks: beside the pages for the download button, and apart for the branch that Colab opens."""
    if exception or app.builder.name != "html":
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    target = Path(app.outdir).parent / "executed"
    shutil.rmtree(target, ignore_errors=True)
    for docname, items in app.hdr_pages.items():
        executed = nbformat.read(notebook_path(app, docname), as_version=4)
        with suppress(KeyError):  # a page that failed is in no cache, and has stopped the build already
            _, executed = cache.merge_match_into_notebook(executed)
        notebook = assembled(executed, items, app.config.html_theme_options["repository_url"])
        for path in (target / f"{docname}.ipynb", Path(app.outdir) / "_sources" / f"{docname}.ipynb"):
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, path)


def assembled(executed, items, address):
    """Make the notebook: a cell that installs the package, then prose and code in the order of the page."""
    package = f"tensorly-hdr[notebooks] @ git+{address}"  # the pages on music need players of sound and of MIDI files
    cells = [nbformat.v4.new_code_cell(f'%pip install --quiet "{package}"', id="install")]
    waiting = {k: cell for k, cell in enumerate(executed.cells) if cell.cell_type == "code" and is_for_readers(cell)}
    prose = []
    for item in [*items, Cell(len(executed.cells), [])]:
        if isinstance(item, str):
            prose.append(item)
            continue
        due = [k for k in waiting if k <= item.index]  # a cell whose code and output the page hides comes before
        cells += paragraphs(prose, len(cells))
        cells += [cleaned(waiting.pop(k), k) for k in due]
        prose = list(item.after)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def is_for_readers(cell) -> bool:
    """Whether a cell is part of the page, and not a check of it."""
    return "remove-cell" not in cell.metadata.get("tags", [])


def paragraphs(prose, number) -> list:
    """One cell of Markdown, if there is anything to say."""
    text = "\n\n".join(prose)
    return [nbformat.v4.new_markdown_cell(text, id=f"prose-{number}")] if text else []


def cleaned(cell, number):
    """A code cell with its outputs, folded where the page folds it."""
    outputs = [shown for output in cell.outputs if (shown := unglued(output))]
    folded = any(tag in cell.metadata.get("tags", []) for tag in ("hide-input", "hide-cell", "remove-input"))
    metadata = {"jupyter": {"source_hidden": True}} if folded else {}
    source = re.sub(r"(?m)^#\|.*\n?", "", cell.source)
    return nbformat.v4.new_code_cell(
        source, id=f"code-{number}", outputs=outputs, metadata=metadata, execution_count=cell.execution_count
    )


def unglued(output):
    """An output as Jupyter shows it: a glued image is an image, glued text stands in the prose already."""
    if "data" not in output or not any(kind.startswith(RECORD) for kind in output.data):
        return output
    kinds = [kind for kind in output.data if kind.startswith(RECORD + "image")]
    images = {kind.removeprefix(RECORD): output.data[kind] for kind in kinds}
    return nbformat.v4.new_output("display_data", images) if images else None


def setup(app) -> dict:
    """Register the above."""
    app.hdr_pages = {}
    app.connect("doctree-resolved", collect, priority=900)
    app.connect("build-finished", publish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
