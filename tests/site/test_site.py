"""The built site: no dead internal link, no third party, every image described, no role or formula left as text."""

import builtins
import os
import re
import symtable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
if not (SITE / "index.html").exists():
    if os.environ.get("CI") == "true":
        raise FileNotFoundError(f"no site in {SITE}: run make book")
    pytest.skip("no site: run make book", allow_module_level=True)
bs4 = pytest.importorskip("bs4")
nbformat = pytest.importorskip("nbformat")
yaml = pytest.importorskip("yaml")

pytestmark = pytest.mark.site
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
FILES = [TOC["root"], *(c["file"] for part in TOC["parts"] for c in part["chapters"])]
SOUPS = {
    path: bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    for path in sorted(SITE.rglob("*.html"))
    if "_static" not in path.relative_to(SITE).parts
}
ANCHORS = {path: {tag["id"] for tag in soup.find_all(id=True)} for path, soup in SOUPS.items()}
EXECUTED = ROOT / "_build" / "executed"
NOTEBOOKS = sorted(EXECUTED.rglob("*.ipynb"))
LEFTOVER = re.compile(
    r"\$[^$\n]+\$|\\\(|\{(?:term|ref|eq|doc|numref|cite|prf|glue|py|download)\b[^}]*\}|\[\[[\w-]+\]\]"
)

every_page = pytest.mark.parametrize("path", SOUPS, ids=lambda path: path.relative_to(SITE).as_posix())
every_chapter = pytest.mark.parametrize("file", FILES)
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def subresources(soup):
    """Addresses that a browser fetches by itself."""
    for tag in soup.find_all(["script", "img", "iframe", "source", "video", "audio", "embed"]):
        yield tag.get("src")
    for tag in soup.find_all("link", rel=["stylesheet", "preload", "icon", "manifest", "preconnect", "dns-prefetch"]):
        yield tag.get("href")


def is_dead(path: Path, address: str) -> bool:
    """Whether an address on the page at ``path`` names a file or an anchor that the site lacks."""
    url = urlsplit(address)
    if url.scheme or url.netloc:
        return False
    target = (path.parent / unquote(url.path)).resolve() if url.path else path
    if target.is_dir():
        target /= "index.html"
    lost = url.fragment and target in ANCHORS and unquote(url.fragment) not in ANCHORS[target]
    return not target.exists() or bool(lost)


@every_chapter
def test_every_page_of_the_contents_is_built(file):
    assert SITE / f"{file}.html" in SOUPS


@every_page
def test_internal_links_and_anchors(path):
    addresses = [tag["href"] for tag in SOUPS[path].find_all("a", href=True)]
    addresses += [address for address in subresources(SOUPS[path]) if address]
    assert [address for address in addresses if is_dead(path, address)] == []


@every_page
def test_no_third_party(path):
    assert [address for address in subresources(SOUPS[path]) if address and urlsplit(address).netloc] == []


@every_page
def test_images_are_described(path):
    assert [image.get("src") for image in SOUPS[path].find_all("img") if not (image.get("alt") or "").strip()] == []


@every_page
def test_sounds_are_named_small_and_in_the_page(path):
    players = SOUPS[path].find_all("audio")
    assert all(player.has_attr("controls") and not player.has_attr("autoplay") for player in players)
    assert all((player.get("aria-label") or "").strip() for player in players)
    assert [p["aria-label"] for p in players if not p.get("src", "").startswith("data:audio/mpeg;base64,")] == []
    assert [p["aria-label"] for p in players if len(p["src"]) > 200_000] == []  # 150 kB of sound


@every_chapter
def test_description_and_one_title(file):
    soup = SOUPS[SITE / f"{file}.html"]
    description = soup.find("meta", attrs={"name": "description"})
    assert description is not None
    assert len(description["content"]) > 20
    assert len(soup.select("article h1")) == 1
    assert soup.html["lang"] == "en"


@every_chapter
def test_no_markup_left_as_text(file):
    soup = bs4.BeautifulSoup(str(SOUPS[SITE / f"{file}.html"].find("article")), "html.parser")
    for tag in soup.select("pre, code, script, style, .math, .cell_output"):
        tag.decompose()
    assert LEFTOVER.findall(soup.get_text(" ")) == []


def test_every_notebook_is_published():
    with_kernel = [file for file in FILES if "\nkernelspec:" in (ROOT / f"{file}.md").read_text(encoding="utf-8")[:600]]
    assert [f"{file}.ipynb" for file in sorted(with_kernel)] == [
        notebook.relative_to(EXECUTED).as_posix() for notebook in NOTEBOOKS
    ]


def names_of(source):
    """Names that a cell takes from the cells before it, functions included, and those that it defines."""
    table = symtable.symtable(re.sub(r"(?m)^%.*$", "", source), "cell", "exec")
    inner, taken = [table], set()
    while inner:
        scope = inner.pop()
        inner += scope.get_children()
        taken |= {s.get_name() for s in scope.get_symbols() if s.is_referenced() and (scope is table or s.is_global())}
    return taken, {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@every_notebook
def test_published_notebooks_are_valid_and_ran_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []
    assert "pip install" in notebook.cells[0].source


@every_notebook
def test_published_notebooks_hold_what_their_cells_printed(path):
    """As many cells with an output as the page shows, and every cell was run."""
    notebook = nbformat.read(path, as_version=4)
    ran = [cell for cell in notebook.cells[1:] if cell.cell_type == "code"]
    page = SOUPS[SITE / path.relative_to(EXECUTED).with_suffix(".html")]
    shown = len(page.select("div.cell > div.cell_output"))
    assert all(cell.execution_count for cell in ran)
    assert sum(bool(cell.outputs) for cell in ran) >= max(shown, 1)
    pictures = sum("image/png" in output.get("data", {}) for cell in ran for output in cell.outputs)
    assert pictures >= len(page.select("div.cell_output img"))


@every_notebook
def test_the_download_is_the_published_notebook(path):
    download = SITE / "_sources" / path.relative_to(EXECUTED)
    assert download.read_bytes() == path.read_bytes()


@every_notebook
def test_published_notebooks_run_without_the_checks_of_the_build(path):
    """No hidden cell is left, and no cell takes a name that only a hidden one defined."""
    notebook = nbformat.read(path, as_version=4)
    known, lost = {*dir(builtins), "get_ipython", "display"}, {}
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            assert "remove-cell" not in cell.metadata.get("tags", [])
            taken, defined = names_of(cell.source)
            lost |= {name: number for name in taken - defined - known}
            known |= defined
    assert lost == {}


@every_notebook
def test_published_notebooks_are_plain_markdown(path):
    """No directive, role, label or command of ours; links lead somewhere from anywhere; formulas are one line each."""
    text = re.sub(r"(?s)```\n.*?```|``.*?``|`[^`\n]*`", "", prose(nbformat.read(path, as_version=4)))
    own = "|".join(CONFIG["mathjax3_config"]["tex"]["macros"])
    assert len(text) > 200
    ours = rf"^\s*(?:```|:::)\{{.*|\{{[a-z:]+\}}`[^`]*`|^\([\w-]+\)=$|\\(?:{own})(?![A-Za-z])"
    assert re.findall(ours, text, re.MULTILINE) == []
    assert [link for link in re.findall(r"\]\(([^)\s]*)\)", text) if not link.startswith(("https://", "mailto:"))] == []
    assert [line for line in text.split("\n") if line.count("$$") % 2] == []


@every_notebook
def test_published_notebooks_say_what_the_page_says(path):
    """Title, sections, and numbers of figures and theorems are those of the page."""
    text, page = prose(nbformat.read(path, as_version=4)), SOUPS[SITE / path.relative_to(EXECUTED).with_suffix(".html")]
    headings = [h for h in page.select("article h1, article h2") if not h.find(class_="math")]
    titles = [h.get_text().removesuffix("#").strip() for h in headings]
    plain = re.sub(r"\\([\\`*_$<\[\]])|[*`]", r"\1", text)
    assert [title for title in titles if f"# {title}" not in plain] == []
    numbers = [n.get_text().strip() for n in page.select("article figcaption .caption-number")]
    assert [n for n in numbers if re.sub("Fig. ", "Figure ", n).rstrip(".") not in text] == []
