"""Draw ``nnr_cone.svg`` and ``nnr_clip.svg``; run it from this folder with Python and NumPy.

The coordinates are computed, so that what looks orthogonal is orthogonal.
"""

import numpy as np

BLUE, ORANGE, GREEN, INK = "#0072B2", "#D55E00", "#007858", "#222222"
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
    'font-family="sans-serif" font-size="17" fill="{ink}">\n'
    "<title>{title}</title>\n"
    '<rect width="{w}" height="{h}" fill="#ffffff"/>\n'
)


def line(p, q, colour, width=2.0, dash="", tip=False):
    """Draw one segment, perhaps dashed, perhaps with an arrow head (drawn out: not every viewer knows markers)."""
    extra = f' stroke-dasharray="{dash}"' if dash else ""
    p, q = np.asarray(p), np.asarray(q)
    out, end = "", q
    if tip:
        along = (q - p) / np.linalg.norm(q - p)
        across = np.array([-along[1], along[0]])
        end = q - 12 * along
        out = polygon([q, q - 16 * along + 6.5 * across, q - 16 * along - 6.5 * across], colour, 1)
    return out + (
        f'<path d="M{p[0]:.1f} {p[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" fill="none" '
        f'stroke="{colour}" stroke-width="{width}"{extra}/>\n'
    )


def polygon(points, fill, opacity):
    """Fill a polygon."""
    corners = " ".join(f"{u:.1f},{v:.1f}" for u, v in points)
    return f'<polygon points="{corners}" fill="{fill}" fill-opacity="{opacity}"/>\n'


def dot(p, colour):
    """Mark a point."""
    return f'<circle cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="5" fill="{colour}"/>\n'


def text(p, content, colour=INK, dx=0, dy=0, anchor="start"):
    """Write beside a point."""
    return f'<text x="{p[0] + dx:.1f}" y="{p[1] + dy:.1f}" fill="{colour}" text-anchor="{anchor}">{content}</text>\n'


def corner(at, first, second, size, view):
    """Draw the little square of a right angle between two directions of the drawn space."""
    u, v = (size * d / np.linalg.norm(d) for d in (first, second))
    return line(view(at + u), view(at + u + v), INK, 1.2) + line(view(at + v), view(at + u + v), INK, 1.2)


def sub(name, index):
    """Give a name an index."""
    return f'{name}<tspan dy="5" font-size="13">{index}</tspan>'


def cone():
    """Draw a point outside a cone of three rays, and its projection on a facet."""
    turn, lift = np.deg2rad(-47), np.deg2rad(-40)
    right = np.array([-np.sin(turn), np.cos(turn), 0])
    depth = np.array([np.cos(turn) * np.cos(lift), np.sin(turn) * np.cos(lift), np.sin(lift)])
    up = np.cross(depth, right)

    def view(p):
        return np.array([130 + 330 * right @ p, 290 - 330 * up @ p])

    zero = np.zeros(3)
    a = np.array([[1.0, 0.05, 0.15], [0.05, 1.0, 0.15], [0.35, 0.25, 0.85]])
    facet = a[[0, 1]].T
    normal = np.cross(a[1], a[0])
    normal *= np.sign(-normal @ a[2]) / np.linalg.norm(normal)
    z = facet @ [0.5, 0.3]
    y = z + 0.45 * normal
    out = HEAD.format(w=560, h=430, ink=INK, title="Projection of y on the cone of the atoms")
    for i, j in ((0, 1), (1, 2), (0, 2)):
        out += polygon([view(zero), view(a[i]), view(a[j])], BLUE, 0.26 if (i, j) == (0, 1) else 0.10)
    for i in range(3):
        out += line(view(zero), view(a[i]), BLUE, 2.5, tip=True)
        out += line(view(a[i]), view(a[(i + 1) % 3]), BLUE, 1, "4 4")
        out += text(view(a[i]), sub("a", i), BLUE, 9, 4 - 8 * (i == 2))
    out += line(view(zero), view(y), INK, 2, tip=True) + line(view(zero), view(z), GREEN, 2.5, tip=True)
    out += line(view(z), view(y), ORANGE, 2.5, "7 4", tip=True)
    out += corner(z, normal, -z, 0.07, view)
    out += text(view(y), "y", INK, -18, 20) + text(view(z), "Ax*", GREEN, 12, 0)
    out += text((view(z) + view(y)) / 2, "residual ρ", ORANGE, 14, 8)
    out += text(view(a[0] / 2 + a[2] / 2), "cone of the atoms", BLUE, 16, -16)
    return out + "</svg>\n"


def clip():
    """Draw two atoms in the plane: the projection, and what clipping gives instead."""

    def view(p):
        return np.array([60 + 200 * p[0], 220 - 200 * p[1]])

    zero, a1, a2 = np.zeros(2), np.array([1.0, 0.0]), np.array([0.6, 0.8])
    y = np.array([1.2, -0.7])
    x = np.linalg.solve(np.c_[a1, a2], y)
    clipped, best = max(x[0], 0) * a1, max(y @ a1, 0) * a1
    out = HEAD.format(w=560, h=400, ink=INK, title="Clipping is not projecting")
    out += polygon([view(zero), view(2.3 * a1), view([2.3, 0.96]), view(1.2 * a2)], BLUE, 0.13)
    out += line(view(zero), view(2.3 * a1), BLUE, 1.2) + line(view(zero), view(1.2 * a2), BLUE, 1.2)
    out += line(view(zero), view(a1), BLUE, 3, tip=True) + line(view(zero), view(a2), BLUE, 3, tip=True)
    out += line(view(zero), view(y), INK, 2, tip=True)
    out += line(view(best), view(y), GREEN, 2.5, "7 4") + line(view(clipped), view(y), ORANGE, 2.5, "2 4")
    out += corner(best, a1, y - best, 0.08, view)
    out += dot(view(best), GREEN) + dot(view(clipped), ORANGE) + dot(view(y), INK)
    out += text(view(a1), sub("a", 0), BLUE, -40, 24) + text(view(a2), sub("a", 1), BLUE, -30, 0)
    out += text(view(y), "y", INK, 12, 12)
    out += text(view(best), "NNLS: the nearest point", GREEN, 4, -14, "middle")
    out += text(view(clipped), "clipped least squares", ORANGE, -5, -44, "middle")
    u, v = view(clipped)
    out += line((u, v - 38), (u, v - 9), ORANGE, 1)
    out += text(view([1.5, 0.75]), "cone of the atoms", BLUE)
    return out + "</svg>\n"


if __name__ == "__main__":
    for name, picture in (("nnr_cone.svg", cone()), ("nnr_clip.svg", clip())):
        with open(name, "w", encoding="utf-8") as file:
            file.write(picture)
