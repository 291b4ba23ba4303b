"""The built site: no dead internal link, no third party, every image described, no role or formula left as text."""

import os
import re
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
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
FILES = [TOC["root"], *(c["file"] for part in TOC["parts"] for c in part["chapters"])]
SOUPS = {
    path: bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    for path in sorted(SITE.rglob("*.html"))
    if "_static" not in path.relative_to(SITE).parts
}
ANCHORS = {path: {tag["id"] for tag in soup.find_all(id=True)} for path, soup in SOUPS.items()}
NOTEBOOKS = sorted((ROOT / "_build" / "executed").rglob("*.ipynb"))
LEFTOVER = re.compile(
    r"\$[^$\n]+\$|\\\(|\{(?:term|ref|eq|doc|numref|cite|prf|glue|py|download)\b[^}]*\}|\[\[[\w-]+\]\]"
)

every_page = pytest.mark.parametrize("path", SOUPS, ids=lambda path: path.relative_to(SITE).as_posix())
every_chapter = pytest.mark.parametrize("file", FILES)


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
        notebook.relative_to(ROOT / "_build" / "executed").as_posix() for notebook in NOTEBOOKS
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_published_notebooks_are_valid_and_ran_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []
    assert "pip install" in notebook.cells[0].source
