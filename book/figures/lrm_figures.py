"""Draw ``lrm_two_readings.svg`` and ``lrm_cp_tucker.svg``; run it from this folder, only Python is needed."""

from pathlib import Path

COLOURS = ["#0072B2", "#D55E00", "#009E73"]
INK, GREY, PALE, CORE = "#222222", "#8a8a8a", "#d9d9d9", "#E69F00"
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
    'font-family="sans-serif" fill="{ink}">\n<title>{title}</title>\n<rect width="{w}" height="{h}" fill="#ffffff"/>\n'
)


def polygon(points, fill, opacity=1.0, stroke=INK):
    """Draw a polygon."""
    corners = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polygon points="{corners}" fill="{fill}" fill-opacity="{opacity:g}" stroke="{stroke}"/>\n'


def rect(x, y, w, h, fill, opacity=1.0, stroke=INK):
    """Draw a rectangle from its upper left corner."""
    return polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], fill, opacity, stroke)


def text(x, y, content, size=21, anchor="middle"):
    """Write a line of text."""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}">{content}</text>\n'


def name(letter, index=""):
    """Return a letter in italics with an optional subscript."""
    low = f'<tspan font-style="italic" dy="6" font-size="15">{index}</tspan>' if index != "" else ""
    return f'<tspan font-style="italic">{letter}</tspan>{low}'


def box(x, y, w, h, depth, fill, opacity=1.0):
    """Draw a box in perspective: front, top and right faces."""
    dx, dy = depth, -0.55 * depth
    top = [(x, y), (x + dx, y + dy), (x + w + dx, y + dy), (x + w, y)]
    side = [(x + w, y), (x + w + dx, y + dy), (x + w + dx, y + h + dy), (x + w, y + h)]
    return polygon(top, fill, 0.8 * opacity) + polygon(side, fill, 0.6 * opacity) + rect(x, y, w, h, fill, opacity)


def two_readings():
    """Draw a matrix as points with coordinates, and as a sum of rank-one terms."""
    out = text(20, 32, "Columns are points; H holds their coordinates", anchor="start")
    out += rect(30, 80, 170, 100, PALE) + rect(140, 80, 14, 100, GREY)
    out += text(85, 138, name("Y"), 26) + text(147, 70, name("y", "j")) + text(230, 138, "=", 26)
    for q, colour in enumerate(COLOURS):
        out += rect(262 + 20 * q, 80, 18, 100, colour, 0.85)
        out += rect(350, 80 + 20 * q, 170, 18, colour, 0.85) + rect(460, 80 + 20 * q, 14, 18, GREY)
    out += text(291, 205, name("W")) + text(435, 168, name("H") + "ᵀ")
    out += text(20, 258, "A sum of rank-one terms, each a column times a row", anchor="start")
    out += rect(30, 305, 130, 90, PALE) + text(95, 358, name("Y"), 26) + text(185, 358, "=", 26)
    for q, colour in enumerate(COLOURS):
        x = 212 + 150 * q
        out += rect(x, 305, 16, 90, colour, 0.85) + rect(x + 22, 305, 85, 16, colour, 0.85)
        out += rect(x + 22, 327, 85, 68, colour, 0.25, colour)
        out += text(x + 8, 421, name("w", q)) + text(x + 65, 293, name("h", q))
        out += text(x + 128, 358, "+", 26) if q < 2 else ""
    return out


def cp_tucker():
    """Draw the CP and the Tucker decompositions of a box."""
    out = text(20, 32, "CP: a sum of outer products of three vectors", anchor="start")
    out += box(25, 90, 90, 100, 44, PALE) + text(70, 148, name("T"), 26) + text(185, 140, "=", 26)
    for q, colour in enumerate(COLOURS):
        x = 212 + 150 * q
        out += rect(x, 90, 14, 100, colour, 0.85) + rect(x + 20, 90, 75, 14, colour, 0.85)
        out += polygon([(x + 4, 84), (x + 48, 58), (x + 61, 58), (x + 17, 84)], colour, 0.85)
        out += text(x + 7, 217, name("a", q)) + text(x + 80, 130, name("b", q)) + text(x + 82, 66, name("c", q))
        out += text(x + 125, 142, "+", 26) if q < 2 else ""
    out += text(20, 272, "Tucker: a small core, one basis for each mode", anchor="start")
    out += box(25, 340, 90, 100, 44, PALE) + text(70, 398, name("T"), 26) + text(185, 390, "=", 26)
    out += rect(212, 340, 45, 100, COLOURS[0], 0.5) + text(234, 468, name("A"))
    out += box(290, 355, 52, 46, 24, CORE, 0.8) + text(316, 386, name("G"))
    out += rect(395, 355, 110, 46, COLOURS[1], 0.5) + text(450, 430, name("B") + "ᵀ")
    out += polygon([(310, 330), (365, 298), (407, 298), (352, 330)], COLOURS[2], 0.5) + text(425, 318, name("C"))
    return out


if __name__ == "__main__":
    for stem, height, title, body in (
        ("lrm_two_readings", 440, "Two readings of a low-rank matrix", two_readings()),
        ("lrm_cp_tucker", 485, "CP and Tucker decompositions", cp_tucker()),
    ):
        head = HEAD.format(w=650, h=height, ink=INK, title=title)
        Path(f"{stem}.svg").write_text(head + body + "</svg>\n", encoding="utf-8")
