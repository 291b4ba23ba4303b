"""The three recipes of CONTRIBUTING.md run as printed, and fit on a slide."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import tensorly_hdr as hdr

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"
BLOCK = re.compile(r"<!-- recipe: (\w+) -->\n(`{3,})\w+\n(.*?)\n\2\n", re.DOTALL)
RECIPES = {name: body for name, _, body in BLOCK.findall(CONTRIBUTING.read_text(encoding="utf-8"))}


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return rng.random((12, 4)), rng.standard_normal((12, 7))


@pytest.fixture
def run(tmp_path):
    """Run source text as a module, return what it defines."""

    def run(source: str, **names) -> dict:
        path = tmp_path / "recipe.py"
        path.write_text("from dataclasses import dataclass\n" + source, encoding="utf-8")
        return runpy.run_path(str(path), init_globals=names)

    return run


def test_the_three_recipes_are_there_and_short():
    assert set(RECIPES) == {"penalty", "solver", "page"}
    assert max(len(body.splitlines()) for body in RECIPES.values()) <= 15


@pytest.mark.parametrize("step", [0.0, 0.3, 2.0])
def test_penalty_prox_is_the_minimizer_of_its_definition(run, step):
    g = run(RECIPES["penalty"])["Near"](weight=2.0, target=0.5)
    u = np.random.default_rng(1).standard_normal((5, 3))
    z = g.prox(u, step)
    slope = step * g.weight * (z - g.target) + z - u  # the definition is smooth: its slope vanishes at z
    np.testing.assert_allclose(slope, 0.0, atol=1e-14)
    far = g.value(z + 1.0) - g.value(z)  # ties value() to the slope used above
    np.testing.assert_allclose(far, g.weight * ((z - g.target) + 0.5).sum())


def test_penalty_gives_the_closed_form_of_the_ridge(run, problem):
    A, Y = problem
    g = run(RECIPES["penalty"])["Near"](weight=2.0)
    x = hdr.nnls(A, Y, penalty=g, tol=1e-15, max_iter=20000).x
    expected = np.linalg.solve(A.T @ A + 2.0 * np.eye(4), A.T @ Y + 2.0)
    assert expected.min() < 0  # the penalty replaces the sign constraint, and this problem shows it
    np.testing.assert_allclose(x, expected, atol=1e-6)


def test_penalty_on_one_factor_of_nmf(run):
    Y = np.random.default_rng(2).random((8, 9))
    g = run(RECIPES["penalty"])["Near"](weight=1e4)
    result = hdr.nmf(Y, 3, penalties=(g, hdr.penalties.NonNegative()), seed=0, max_iter=200)
    W, H = result.factors
    np.testing.assert_allclose(W, 1.0, atol=0.05)
    assert H.min() >= 0


def test_solver_agrees_with_active_set(run, problem):
    A, Y = problem
    solver = run(RECIPES["solver"])["heavy_ball"]
    x = hdr.nnls(A, Y, solver=solver, tol=1e-16, max_iter=20000).x
    np.testing.assert_allclose(x, hdr.nnls(A, Y, solver="active_set").x, atol=1e-6)


def test_solver_serves_every_factor_of_ncp(run):
    T = hdr.linalg.reconstruct([np.random.default_rng(s).random((n, 2)) for s, n in enumerate((6, 7, 8))])
    result = hdr.ncp(T, 2, solver=run(RECIPES["solver"])["heavy_ball"], seed=0, max_iter=2000, tol=1e-14)
    assert all(u.min() >= 0 for u in result.factors)
    assert result.loss < 1e-4 * np.vdot(T, T) / 2


def test_page_parses_runs_and_its_claim_is_checked(run):
    jupytext = pytest.importorskip("jupytext")
    notebook = jupytext.reads(RECIPES["page"], fmt="md:myst")
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    assert "remove-cell" in cells[-1].metadata["tags"]
    run("\n".join(cell.source for cell in cells))
    with pytest.raises(AssertionError):  # the check is alive: it fails when the claim is wrong
        run(cells[-1].source, x=np.array([1.0, 1.0]))
