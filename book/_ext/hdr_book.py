"""What the book asks of Sphinx beyond its configuration: honest caching, no third party, working launch links."""

import hashlib
import importlib.metadata
import importlib.util
import re
import shutil
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "_build"
# A cached output is reused only while these stay what they were: they change the numbers on a page.
STAMPED = ("matplotlib", "numba", "numpy", "scikit-learn", "scipy", "tensorly", "tensorly-viz", "xarray")
# Classes that the types of a docstring name in short, and where each is documented.
CLASSES = {
    "Result": "tensorly_hdr.solve.Result",
    "Trace": "tensorly_hdr.solve.Trace",
    "ClosedForm": "tensorly_hdr.factorization.ClosedForm",
    "FactorResult": "tensorly_hdr.factorization.FactorResult",
    "MinVolResult": "tensorly_hdr.factorization.MinVolResult",
    "RankTwoResult": "tensorly_hdr.factorization.RankTwoResult",
    "SeparableResult": "tensorly_hdr.factorization.SeparableResult",
    "TuckerResult": "tensorly_hdr.factorization.TuckerResult",
    "Loss": "tensorly_hdr.losses.Loss",
    "Penalty": "tensorly_hdr.penalties.Penalty",
    "Dataset": "tensorly_hdr.datasets.Dataset",
    "Generator": "numpy.random.Generator",
    "DataArray": "xarray.DataArray",
    "CPTensor": "tensorly.cp_tensor.CPTensor",
    "Axes": "matplotlib.axes.Axes",
    "Figure": "matplotlib.figure.Figure",
}


def code_fingerprint() -> str:
    """Hash everything that a notebook imports but does not contain."""
    digest = hashlib.sha256()
    package = ROOT / "tensorly_hdr"
    files = [f for pattern in ("*.py", "*.mplstyle", "*.npz") for f in package.rglob(pattern)]
    files += (ROOT / "experiments").glob("*/results.json")
    for file in sorted(files):
        digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    for name in STAMPED:
        try:
            digest.update(f"{name}=={importlib.metadata.version(name)}".encode())
        except importlib.metadata.PackageNotFoundError:
            digest.update(f"no {name}".encode())
    return digest.hexdigest()[:12]


def cache_path() -> Path:
    """Folder of the execution cache: jupyter-cache knows the cells, this path knows the package they import."""
    return BUILD / ".jupyter_cache" / code_fingerprint()


def compile_inventories() -> dict:
    """Turn the lists of ``book/_inventories`` into Sphinx inventories, so that links need no network."""
    mapping = {}
    for source in sorted((ROOT / "book" / "_inventories").glob("*.txt")):
        url, *lines = source.read_text(encoding="utf-8").splitlines()
        entries = "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))
        head = f"# Sphinx inventory version 2\n# Project: {source.stem}\n# Version: \n# Compressed with zlib:\n"
        target = BUILD / "inventories" / f"{source.stem}.inv"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(head.encode() + zlib.compress(entries.encode()))
        mapping[source.stem] = (url.removeprefix("# ").strip(), (str(target),))
    return mapping


def copy_mathjax() -> Path:
    """Take MathJax from the wheel ``sphinx-mathjax-offline``, as data: its extension would copy 24 MB."""
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("The book needs MathJax: pip install sphinx-mathjax-offline")
    source, vendor = Path(spec.origin).parent / "static" / "mathjax", BUILD / "vendor"
    for part in ("tex-chtml-full.js", "output/chtml/fonts"):
        target = vendor / "mathjax" / part
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (source / part).is_dir() else shutil.copy)(source / part, target)
    return vendor


def configure(app, config) -> None:
    """Set what a YAML file cannot compute."""
    config.nb_execution_cache_path = str(cache_path())
    config.intersphinx_mapping = compile_inventories()
    config.html_static_path.append(str(copy_mathjax()))
    static = ROOT / "book" / "_static"
    config.html_js_files += [f.name for f in sorted(static.glob("*.js"))]
    config.html_css_files += [f.name for f in sorted(static.glob("*.css"))]


def link_types(app, what, name, obj, options, lines) -> None:
    """Link the classes in ``name : type`` lines and in the line after ``Returns``; the rest of a type is prose."""
    short = re.compile(rf"(?<![\w.`~])({'|'.join(CLASSES)})(?![\w.`])")
    for i, line in enumerate(lines):
        head, colon, kind = line.partition(" : ")
        if lines[max(i - 2, 0) : i] == ["Returns", "-------"]:
            head, colon, kind = "", "", line
        elif not re.fullmatch(r"[\w*]+(, [\w*]+)*", head):
            continue
        lines[i] = head + colon + short.sub(lambda match: f":class:`~{CLASSES[match[1]]}`", kind)


def number_references(app, what, name, obj, options, lines) -> None:
    """Make the references of a docstring a plain list: footnotes of the same number would clash on one page."""
    for i, line in enumerate(lines):
        line = re.sub(r"\[(\d+)\]_", r"[\1]", line)
        lines[i] = re.sub(r"^(\s*)\.\. \[(\d+)\] ", r"\1\2. \\", line)  # the backslash: an initial is not a list item


def fix_colab_link(app, pagename, templatename, context, doctree) -> None:
    """Colab opens .ipynb only: point it at the executed notebooks, which the branch ``executed`` holds."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("text") == "Colab":
                button["url"] = button["url"].replace("/blob/main/", "/blob/executed/").removesuffix(".md") + ".ipynb"


def keep_one_thebe(app, pagename, templatename, context, doctree) -> None:
    """Drop the second copy of sphinx-thebe's constants (a console error), and both where nothing can be run."""
    scripts, seen = [], False
    for script in context.get("script_files", []):
        if "THEBE_JS_URL" in (getattr(script, "attributes", {}).get("body") or ""):
            if seen or not context.get("use_thebe"):
                continue
            seen = True
        scripts.append(script)
    context["script_files"] = scripts


def modern_roles(app, pagename, templatename, context, doctree) -> None:
    """Replace a role that accessibility checkers call deprecated; docutils writes it on every reference."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app) -> dict:
    """Register the above."""
    app.setup_extension("hdr_notebooks")
    app.connect("config-inited", configure, priority=400)
    app.connect("autodoc-process-docstring", link_types, priority=100)  # before napoleon
    app.connect("autodoc-process-docstring", number_references, priority=900)  # after napoleon
    app.connect("html-page-context", fix_colab_link, priority=900)
    app.connect("html-page-context", modern_roles)
    app.connect("html-page-context", keep_one_thebe, priority=901)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":  # the Makefile asks where to execute the notebooks
    print(cache_path().relative_to(ROOT).as_posix())
