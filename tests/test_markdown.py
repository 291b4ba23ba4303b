"""The pages of the book as plain Markdown: each kind of node, written out."""

import sys
from pathlib import Path

import pytest

nodes = pytest.importorskip("docutils.nodes")
EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "_ext"
URL = "https://example.org/book/page.html"


@pytest.fixture
def writer(monkeypatch):
    monkeypatch.syspath_prepend(EXTENSIONS)
    monkeypatch.delitem(sys.modules, "hdr_markdown", raising=False)
    from hdr_markdown import Writer

    macros = {"RR": r"\mathbb{R}", "tens": [r"\mathcal{#1}", 1]}
    return Writer(URL, {"a.png": "https://example.org/a.png"}, {"theorem": {"thm": (3, 1)}}, macros)


def paragraph(*children):
    return nodes.paragraph("", "", *children)


def text(string):
    return nodes.Text(string)


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        (r"x\in\RR^n", r"$x\in\mathbb{R} ^n$"),
        (r"\RRn", r"$\RRn$"),  # another command
        (r"\tens{T}\times\tens X", r"${\mathcal{T}}\times{\mathcal{X}}$"),
        ("a\nb", "$a b$"),
    ],
)
def test_own_commands_are_written_out(writer, tex, plain):
    assert writer.inline(nodes.math(tex, tex)) == plain


def test_marks_and_links_keep_the_spaces_around_them(writer):
    link = nodes.reference("", "", text(" the page"), refuri="other.html#part")
    line = paragraph(text("see"), nodes.strong("", "", text(" this ")), text("and"), link)
    assert writer.block(line) == "see **this** and [the page](https://example.org/book/other.html#part)"


def test_characters_of_a_text_mean_themselves(writer):
    assert writer.block(paragraph(text("a_b * $5 [x] `y` <z>"))) == r"a\_b \* \$5 \[x\] \`y\` \<z>"


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        ("a = b\n", "$$ a = b $$"),
        ("a &= b \\\\\nc &= d", r"$$ \begin{aligned} a &= b \\ c &= d \end{aligned} $$"),
        (r"\begin{align*}a &= b\end{align*}", r"$$ \begin{aligned}a &= b\end{aligned} $$"),
    ],
)
def test_a_display_is_one_line(writer, tex, plain):
    assert writer.block(nodes.math_block(tex, tex)) == plain


def test_bars_of_a_formula_are_no_borders_of_a_table(writer):
    entry = nodes.entry("", paragraph(nodes.math("", r"|x| \|y\|"), text(" or | "), nodes.literal("", "p|q")))
    head = nodes.thead("", nodes.row("", nodes.entry("", paragraph(text("h")))))
    table = nodes.table("", nodes.tgroup("", head, nodes.tbody("", nodes.row("", entry)), cols=1))
    row = r"| $\vert x\vert  \Vert y\Vert$ or \| `p\|q` |"
    assert writer.block(table) == "| h |\n| --- |\n" + row


def test_boxes_are_quotations_with_their_number(writer):
    box = nodes.admonition(
        "", nodes.title("", "", text("(Name)")), paragraph(text("Two")), ids=["thm"], realtype="theorem"
    )
    assert writer.block(box) == "> **Theorem 3.1 (Name)**\n>\n> Two"


def test_a_list_in_a_list(writer):
    inner = nodes.bullet_list("", nodes.list_item("", paragraph(text("b"))))
    outer = nodes.enumerated_list("", nodes.list_item("", paragraph(text("a")), inner), start=2)
    assert writer.block(outer) == "2. a\n\n   - b"


def test_cells_and_prose_come_in_the_order_of_the_page(writer):
    from hdr_markdown import Cell

    cell = nodes.container("", nb_element="cell_code", cell_index=4)
    title = nodes.title("", "", text("Solution"))
    box = nodes.admonition("", title, paragraph(text("First")), cell, paragraph(text("Then")))
    section = nodes.section("", nodes.title("", "", text("Title")), box)
    assert list(writer.items(nodes.section("", section))) == ["# Title", "**Solution**", "First", Cell(4, []), "Then"]


def test_sections_have_the_numbers_of_the_page(writer):
    writer.sections = {"": (15,), "#idea": (15, 1)}
    idea = nodes.section("", nodes.title("", "", text("The idea")), ids=["idea"])
    page = nodes.section("", nodes.title("", "", text("A page")), idea, ids=["a-page"])
    assert list(writer.items(nodes.section("", page))) == ["# 15. A page", "## 15.1. The idea"]
    writer.sections = {}
    assert list(writer.items(nodes.section("", page))) == ["# A page", "## The idea"]
