"""A page of the book as plain Markdown, which Jupyter and Colab show: from the resolved document, not from its source.

Titles, numbers, links, citations and glued values are then what the page shows, whatever directive made them.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin

from docutils import nodes

CELL = "cell_code"  # what MyST-NB calls the element of a code cell
SILENT = (nodes.target, nodes.comment, nodes.meta, nodes.substitution_definition, nodes.colspec, nodes.Invisible)
NAMED = (nodes.note, nodes.tip, nodes.hint, nodes.important, nodes.warning, nodes.caution)
MARKS = {nodes.emphasis: "*", nodes.strong: "**", nodes.title_reference: "*"}
# environments that are displays of their own, and what stands for them inside one
DISPLAYS = {"align": "aligned", "gather": "gathered", "equation": ""}


ARGUMENT = r"\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|(\\[A-Za-z]+|[A-Za-z0-9]))"  # of a TeX command


@dataclass(frozen=True)
class Cell:
    """The code cell at ``index`` of the notebook; ``after`` holds what the page says below its output."""

    index: int
    after: list[str]


@dataclass
class Writer:
    """Turns nodes into Markdown.

    ``page`` is the address of the page, ``images`` maps what the document calls an image to an address, ``numbers``
    those of figures, tables and theorems to a tuple, ``macros`` TeX commands to what they stand for, and ``sections``
    the anchor of each section, empty for the page, to its number.
    """

    page: str
    images: dict = field(default_factory=dict)
    numbers: dict = field(default_factory=dict)
    macros: dict = field(default_factory=dict)
    sections: dict = field(default_factory=dict)
    in_table: bool = False

    def items(self, node, depth=1):
        """Blocks of Markdown and cells, in the order of the page."""
        for child in node.children:
            if is_cell(child):
                yield Cell(child["cell_index"], [self.caption(f) for f in child.findall(nodes.figure)])
            elif isinstance(child, nodes.section):
                yield from self.items(child, depth + 1)
            elif isinstance(child, nodes.title) and isinstance(node, nodes.section):
                yield "#" * min(depth - 1, 6) + " " + self.section_number(node) + self.inline(child)
            elif any(map(is_cell, child.findall(nodes.container))):
                if not isinstance(child, nodes.container) and self.heading(child):
                    yield f"**{self.heading(child)}**"
                yield from self.items(without_title(child), depth)
            elif block := self.block(child):
                yield block

    def blocks(self, node) -> str:
        """All that a node holds, one block after the other."""
        return "\n\n".join(filter(None, (self.block(child) for child in node.children)))

    def block(self, node) -> str:
        """One block, by the first class of the node that has a method."""
        if isinstance(node, SILENT) or type(node).__name__ in ("index", "compound", "ExecutionStatsNode"):
            return ""
        for kind in type(node).__mro__:
            if method := getattr(self, f"block_{kind.__name__}", None):
                return method(node)
        return self.blocks(node)

    def block_Text(self, node) -> str:
        return self.inline(node).strip()

    def block_TextElement(self, node) -> str:
        return self.inline(node).strip()

    def block_rubric(self, node) -> str:
        return f"**{self.inline(node)}**"

    def block_title(self, node) -> str:
        return f"**{self.inline(node)}**" if node.children else ""

    def block_sd_tab_label(self, node) -> str:
        return f"**{self.inline(node)}**"

    def block_math_block(self, node) -> str:
        """A display on one line, so that neither a quote nor a list breaks it."""
        text = re.sub(r"\s+", " ", self.tex(node.astext())).strip()
        for name, inner in DISPLAYS.items():
            new = rf"\\\1{{{inner}}}" if inner else ""
            text = re.sub(rf"\\(begin|end)\{{{name}\*?\}}", new, text)
        if r"\\" in text and not text.startswith(r"\begin{"):
            text = rf"\begin{{aligned}} {text} \end{{aligned}}"
        number = rf" \tag{{{node['number']}}}" if node.get("number") else ""
        return f"$$ {text.strip()}{number} $$"

    def block_literal_block(self, node) -> str:
        return f"```\n{node.astext()}\n```"

    def block_raw(self, node) -> str:
        plays = "<svg" in node.astext() or "<canvas" in node.astext()
        return f"*Here [the page]({self.page}) has a figure to play with.*" if plays else ""

    def block_container(self, node) -> str:
        is_title = "sd-card-title" in node.get("classes", [])
        return f"**{self.blocks(node)}**" if is_title else self.blocks(node)

    def block_bullet_list(self, node) -> str:
        return "\n".join(indented("- ", self.blocks(item)) for item in node.children)

    def block_enumerated_list(self, node) -> str:
        first = node.get("start", 1)
        return "\n".join(indented(f"{k}. ", self.blocks(item)) for k, item in enumerate(node.children, first))

    def block_definition_list_item(self, node) -> str:
        terms = ", ".join(f"**{self.inline(t)}**" for t in node.findall(nodes.term))
        return indented("- ", terms + ": " + "\n\n".join(self.blocks(d) for d in node.findall(nodes.definition)))

    def block_image(self, node) -> str:
        return f"![{escaped(node.get('alt', ''))}]({self.images.get(node['uri'], node['uri'])})"

    def block_figure(self, node) -> str:
        images = [self.block(image) for image in node.findall(nodes.image)]
        return "\n\n".join(filter(None, [*images, self.caption(node)]))

    def caption(self, node) -> str:
        """Number and caption of a figure."""
        said = " ".join(self.inline(c) for c in node.findall(nodes.caption))
        return f"**{self.numbered('Figure', node)}.** {said}".strip()

    def block_table(self, node) -> str:
        title = " ".join(self.inline(c) for c in node.children if isinstance(c, nodes.title))
        self.in_table = True
        rows = [[self.cell(e) for e in row.children] for row in node.findall(nodes.row)]
        self.in_table = False
        if not any(True for _ in node.findall(nodes.thead)):
            rows.insert(0, [""] * len(rows[0]))
        rows.insert(1, ["---"] * len(rows[0]))
        lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
        return f"**{self.numbered('Table', node)}.** {title}\n\n{lines}" if title else lines

    def cell(self, entry) -> str:
        """An entry of a table, on one line."""
        return re.sub(r"\s*\n\s*", "<br>", self.blocks(entry).replace("\n\n", "\n")).strip()

    def block_Admonition(self, node) -> str:
        """A box: a quotation under its title, without the proof's empty frame."""
        title = self.heading(node)
        body = self.blocks(without_title(node))
        return quoted("\n\n".join(filter(None, [f"**{title}**" if title else "", body])))

    block_sidebar = block_topic = block_Admonition

    def block_proof_node(self, node) -> str:
        return self.blocks(node)

    def block_block_quote(self, node) -> str:
        return quoted(self.blocks(node))

    def heading(self, node) -> str:
        """Title of a box, numbered where the page numbers it."""
        title = " ".join(self.inline(c) for c in node.children if isinstance(c, nodes.title)).strip()
        kind = node.get("realtype") or ("exercise" if "exercise" in node.get("classes", []) else "")
        if "solution" in node.get("classes", []):
            kind = ""
        if kind:
            title = f"{self.numbered(kind.title(), node, node.get('countertype', kind))} {title}".strip()
        return title or (type(node).__name__.title() if isinstance(node, NAMED) else "")

    def section_number(self, section) -> str:
        """Number of a section as the page shows it; the first section of a page has no anchor of its own."""
        anchors = [f"#{section['ids'][0]}", ""] if section["ids"] else [""]
        number = next((self.sections[a] for a in anchors if a in self.sections), None)
        return ".".join(map(str, number)) + ". " if number else ""

    def numbered(self, name, node, kind=None) -> str:
        """Name of a float or box, with the number that the page gives it."""
        known = self.numbers.get(kind or name.lower(), {})
        number = next((known[i] for i in node.get("ids", []) if i in known), ())
        return " ".join(filter(None, [name, ".".join(map(str, number))]))

    def inline(self, node) -> str:
        """Markdown of what stands inside a line."""
        if isinstance(node, nodes.Text):
            text = escaped(re.sub(r"\s*\n\s*", " ", node.astext()))
            return text.replace("|", r"\|") if self.in_table else text
        if isinstance(node, nodes.math):
            tex = self.tex(node.astext()).strip().replace("\n", " ")
            return f"${tex}$"
        if isinstance(node, nodes.literal):
            code = re.sub(r"\s+", " ", node.astext())
            code = code.replace("|", r"\|") if self.in_table else code
            return f"`` {code} ``" if "`" in code else f"`{code}`"
        if isinstance(node, nodes.image):
            return self.block_image(node)
        if isinstance(node, (nodes.raw, *SILENT)):
            return ""
        return self.wrapped(node, "".join(map(self.inline, node.children)))

    def wrapped(self, node, text) -> str:
        """Marks or a link around the text of a node."""
        mark = next((m for kind, m in MARKS.items() if isinstance(node, kind)), "")
        first, last = ("[", f"]({self.address(node)})") if isinstance(node, nodes.reference) else (mark, mark)
        if not first or not text.strip():
            return text
        head, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{head}{first}{text.strip()}{last}{tail}"

    def address(self, node) -> str:
        """Where a link leads, from anywhere."""
        return urljoin(self.page, node.get("refuri") or "#" + node.get("refid", ""))

    def tex(self, text) -> str:
        """Formulas without the book's own commands; bars that a table would take for its borders are written out."""
        for name, macro in self.macros.items():
            body = macro if isinstance(macro, str) else macro[0]
            pattern = rf"\\{name}(?![A-Za-z])" + ("" if isinstance(macro, str) else ARGUMENT)
            text = re.sub(pattern, lambda m, body=body: filled(body, m), text)
        if self.in_table:
            text = text.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        return text


def filled(body, match) -> str:
    """A command with its argument; a space ends it before a letter."""
    argument = next((g for g in match.groups() if g is not None), "")
    return "{" + body.replace("#1", argument) + "}" if match.groups() else body + " "


def is_cell(node) -> bool:
    """Whether a node is a code cell."""
    return isinstance(node, nodes.container) and node.get("nb_element") == CELL


def without_title(node):
    """A copy of a box, less its title."""
    copy = node.copy()
    copy.children = [child for child in node.children if not isinstance(child, nodes.title)]
    return copy


def escaped(text) -> str:
    """Text whose characters mean themselves."""
    return re.sub(r"([\\`*_$<\[\]])", r"\\\1", text)


def quoted(text) -> str:
    """A quotation."""
    return "\n".join(("> " + line).rstrip() for line in text.split("\n")) if text else ""


def indented(mark, text) -> str:
    """An item of a list."""
    return mark + re.sub(r"\n(?!\n)", "\n" + " " * len(mark), text).strip()
