"""Draw book/figures/readme.png: the figure of the landing page, from the landing page's own cells.

Run from the root of the repository, in its environment: python book/figures/make_readme_figure.py
"""

import runpy
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import matplotlib as mpl
from PIL import Image

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run the two cells that compute and draw; save what they drew with 128 colours."""
    mpl.use("Agg")
    cells = [c for c in jupytext.read(HERE.parent / "index.md").cells if c.cell_type == "code"]
    with TemporaryDirectory() as folder:
        script = Path(folder) / "index.py"
        script.write_text("\n".join(c.source for c in cells[:2]), encoding="utf-8")
        figure = runpy.run_path(str(script))["fig"]
    target = HERE / "readme.png"
    figure.savefig(target, dpi=100)
    Image.open(target).convert("RGB").quantize(128).save(target, optimize=True)
    print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
