"""What is installed, shipped and shown elsewhere is whole: extras, pins, hints, links, the source distribution."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SITE = "https://tensorly.github.io/tensorly-hdr/"
BLOB = "https://github.com/tensorly/tensorly-hdr/blob/main/"
RAW = "https://raw.githubusercontent.com/tensorly/tensorly-hdr/main/"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = ["benchmarks", "binder", "book", "experiments", "tensorly_hdr", "tests"]
TEXTS = [*ROOT.glob("*.md"), *(f for part in ("tensorly_hdr", "book") for f in (ROOT / part).rglob("*.[mp][dy]"))]
# what a package is imported as, where that is not its name
IMPORTED_AS = {"tensorly-viz": "tlviz", "scikit-learn": "sklearn", "myst-nb": "myst_nb", "mir-eval": "mir_eval"}


def requirements(extra=None):
    """Names and lower bounds of what is installed with an extra, other extras of ours followed."""
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    for line in lines:
        if line.startswith("tensorly-hdr["):
            for other in re.search(r"\[(.*)\]", line)[1].split(","):
                yield from requirements(other)
        else:
            name, bound = re.fullmatch(r"([\w-]+)>=([\w.]+)(?:,<\w+)?", line).groups()
            yield name.replace("_", "-").lower(), bound


def pins(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ")[0].split("==") for line in lines if "==" in line)


def padded(version):
    return (*map(int, version.split(".")), 0, 0)[:3]


@pytest.mark.parametrize("extra", [None, "plot", "music"])
def test_the_oldest_pins_are_the_lower_bounds(extra):
    oldest = pins("constraints-oldest.txt")
    assert [
        (name, bound, oldest[name]) for name, bound in requirements(extra) if padded(oldest[name]) != padded(bound)
    ] == []


@pytest.mark.parametrize("extra", [None, "plot", "music", "notebooks"])
def test_what_is_installed_is_imported_somewhere(extra):
    users = [f for part in ("tensorly_hdr", "book") for f in (ROOT / part).rglob("*.[mp][dy]")]
    source = "\n".join(f.read_text(encoding="utf-8") for f in users)
    modules = {name: IMPORTED_AS.get(name, name.replace("-", "_")) for name, _ in requirements(extra)}
    assert [
        n for n, module in modules.items() if not re.search(rf"(import|from|package\(\") ?{module}\b", source)
    ] == []


def test_an_extra_of_the_package_is_named_in_the_tests_above_or_is_for_development():
    assert set(PROJECT["optional-dependencies"]) == {"plot", "music", "notebooks", "book", "test", "lint", "bench"}


@pytest.mark.parametrize("file", TEXTS, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_an_install_hint_says_where_the_package_is(file):
    commands = re.findall(r'pip install[^\n]*?"tensorly-hdr[^"\n]*"', file.read_text(encoding="utf-8"))
    assert [c for c in commands if " @ git+" not in c] == []


def test_links_of_the_readme_work_where_a_package_index_shows_it():
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    assert len(links) > 30
    assert [link for link in links if not link.startswith("https://")] == []
    files = [re.sub(r"\.html$", ".md", link.removeprefix(SITE)) for link in links if link.startswith(SITE + "book")]
    files += [link.removeprefix(start) for start in (BLOB, RAW) for link in links if link.startswith(start)]
    assert len(files) > 20
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_the_source_distribution_holds_the_tests_and_what_they_read(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    tree, env = tmp_path / "tree", {**os.environ, "PYTHONPATH": ""}
    ignored = shutil.ignore_patterns(".*", "_build", "__pycache__", "*.egg-info", "build", "dist")
    shutil.copytree(ROOT, tree, ignore=ignored)
    build = f"import setuptools.build_meta as b; print(b.build_sdist({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-W", "ignore", "-c", build], check=True, capture_output=True, cwd=tree, env=env)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "out", filter="data")
    (unpacked,) = (tmp_path / "out").iterdir()
    wanted = {f.relative_to(tree) for part in SHIPPED for f in (tree / part).rglob("*") if f.is_file()}
    wanted |= {f.relative_to(tree) for f in tree.iterdir() if f.is_file()}
    missing = [f for f in wanted if not (unpacked / f).exists() and f.suffix not in {".pyc", ".nbi", ".nbc"}]
    assert missing == []
    assert not list(unpacked.rglob("*.py[co]"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_balancing.py"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=unpacked, env={**env, "PYTHONPATH": str(unpacked)}
    )
    assert done.returncode == 0, done.stdout
