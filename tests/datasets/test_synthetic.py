"""Generators: the truth reproduces the data, the noise has the stated level, the seed decides."""

from functools import partial

import numpy as np
import pytest

from tensorly_hdr.datasets import synthetic

NOISY = {
    "low_rank": partial(synthetic.low_rank, (9, 8, 7), 3),
    "low_rank_sparse": partial(synthetic.low_rank, (9, 8), 3, distribution="sparse"),
    "separable": partial(synthetic.separable, 12, 30, 4),
    "nnls_problem": partial(synthetic.nnls_problem, 12, 6, 5),
    "eem": partial(synthetic.eem, (6, 20, 15), 3),
    "eem_lorentzian": partial(synthetic.eem, (6, 20, 15), 3, profile="lorentzian"),
    "scene": partial(synthetic.hyperspectral_scene, (12, 10), 25, 3),
    "scene_mixed": partial(synthetic.hyperspectral_scene, (12, 10), 25, 3, pure_pixels=False),
}
GENERATORS = NOISY | {"poisson_problem": partial(synthetic.poisson_problem, 15, 4, 6)}


def model(d):
    """The clean data, from the truth alone."""
    truth = {name: t.values for name, t in d.truth.items()}
    match d.name:
        case "low_rank":
            operands = [x for m, u in enumerate(truth.values()) for x in (u, [m, 25])]
            return np.einsum(*operands, list(range(len(truth))))
        case "separable":
            return truth["W"] @ truth["H"].T
        case "eem":
            return np.einsum("ir,jr,kr->ijk", truth["concentration"], truth["emission"], truth["excitation"])
        case "hyperspectral_scene":
            return np.einsum("ijr,br->ijb", truth["abundances"], truth["spectra"])
        case _:
            return truth["A"] @ truth["X"]


@pytest.mark.parametrize("name", NOISY)
def test_truth_reproduces_noiseless_data(name):
    d = NOISY[name](seed=1)
    np.testing.assert_allclose(d.data, model(d), rtol=1e-12, atol=1e-14)
    assert float(d.data.min()) >= 0
    assert all(float(t.min()) >= 0 for t in d.truth.values())


@pytest.mark.parametrize("noise", [1e-6, 0.1, 2.0])
@pytest.mark.parametrize("name", NOISY)
def test_noise_level_is_exact(name, noise):
    d = NOISY[name](noise=noise, seed=1)
    clean = model(d)
    assert np.linalg.norm(d.data - clean) / np.linalg.norm(clean) == pytest.approx(noise, rel=1e-8)


@pytest.mark.parametrize("name", NOISY)
def test_noise_does_not_change_the_truth(name):
    quiet, loud = NOISY[name](seed=5), NOISY[name](noise=0.5, seed=5)
    for key, truth in quiet.truth.items():
        np.testing.assert_array_equal(truth, loud.truth[key])


@pytest.mark.parametrize("name", GENERATORS)
def test_the_seed_decides(name):
    one, same, other = (GENERATORS[name](seed=s) for s in (3, np.random.default_rng(3), 4))
    np.testing.assert_array_equal(one.data, same.data)
    assert not np.array_equal(one.data, other.data)


@pytest.mark.parametrize("name", GENERATORS)
def test_record_says_how_it_was_made(name):
    d = GENERATORS[name](seed=0)
    generator = d.source.rpartition(".")[2]
    assert getattr(synthetic, generator) is GENERATORS[name].func
    assert d.description
    assert not d.sha256
    for key, truth in d.truth.items():
        assert truth.name == key
        for dim in set(truth.dims) & set(d.data.coords):
            np.testing.assert_array_equal(truth[dim], d.data[dim])


def test_sparse_factors_have_zeros_but_no_zero_column():
    factors = synthetic.low_rank((40, 1), 20, distribution="sparse", seed=0).truth
    assert 0.3 < float((factors["factor_0"] == 0).mean()) < 0.7
    assert bool((factors["factor_1"] > 0).all())  # a single row: every entry is a column


def test_separable_columns_are_convex_combinations_of_the_pure_ones():
    d = synthetic.separable(10, 40, 5, seed=2)
    indices = d.truth["indices"].values
    np.testing.assert_allclose(d.truth["H"].sum("component"), 1.0)
    np.testing.assert_array_equal(d.truth["H"][indices], np.eye(5))
    assert len(set(indices)) == 5


def test_nnls_sparsity_is_exact():
    for sparsity, zeros in ((0.0, 0), (0.5, 3), (1.0, 6)):
        X = synthetic.nnls_problem(8, 6, 50, sparsity=sparsity, seed=0).truth["X"]
        np.testing.assert_array_equal((X == 0).sum("component"), zeros)


def test_poisson_counts_have_their_mean_and_variance():
    d = synthetic.poisson_problem(300, 5, 400, counts=7.0, seed=0)
    mean, Y = model(d), d.data.values
    assert mean.mean() == pytest.approx(7.0, rel=1e-12)
    np.testing.assert_array_equal(Y, np.round(Y))
    # (Y - mean) / sqrt(mean) has mean 0 and variance 1 over 120000 entries: five standard errors
    residual = (Y - mean) / np.sqrt(mean)
    n = residual.size
    kurtosis = 3 + (1 / mean).mean()
    assert abs(residual.mean()) < 5 / np.sqrt(n)
    assert abs((residual**2).mean() - 1) < 5 * np.sqrt((kurtosis - 1) / n)


@pytest.mark.parametrize("profile", ["gaussian", "lorentzian"])
def test_emission_lies_above_excitation(profile):
    d = synthetic.eem((4, 301, 231), 5, profile=profile, seed=0)  # a grid of 1 nm
    emission, excitation = d.truth["emission"], d.truth["excitation"]
    shift = emission.idxmax("emission") - excitation.idxmax("excitation")
    assert bool(((shift >= 39) & (shift <= 101)).all())  # 40 to 100 nm, up to the grid
    assert float(emission.max()) <= 1


@pytest.mark.parametrize("profile", ["gaussian", "lorentzian"])
def test_width_at_half_maximum(profile):
    from tensorly_hdr.datasets._spectroscopy import PROFILES

    x, centre, width = np.array([-10.0, 0.0, 10.0]), np.array([0.0]), np.array([20.0])
    np.testing.assert_allclose(PROFILES[profile](x, centre, width).ravel(), [0.5, 1.0, 0.5], rtol=1e-12)


def test_scene_follows_the_linear_mixing_model():
    d = synthetic.hyperspectral_scene((20, 30), 15, 4, seed=0)
    abundances = d.truth["abundances"]
    np.testing.assert_allclose(abundances.sum("component"), 1.0)
    pure = abundances.values.reshape(-1, 4)[d.truth["indices"]]
    np.testing.assert_array_equal(pure, np.eye(4))
    assert float(d.truth["spectra"].max()) < 1
    assert "indices" not in synthetic.hyperspectral_scene((20, 30), 15, 4, pure_pixels=False, seed=0).truth


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: synthetic.low_rank((3, 0), 1), r"shape\[1\] must be a positive integer"),
        (lambda: synthetic.low_rank((3, 2), 0), "rank must be a positive integer"),
        (lambda: synthetic.low_rank((3, 2), 1, noise=-1), "noise must be a nonnegative"),
        (lambda: synthetic.low_rank((3, 2), 1, distribution="cauchy"), "distribution must be one of"),
        (lambda: synthetic.separable(3, 2, 4), "rank must be at most 2, the number of columns"),
        (lambda: synthetic.nnls_problem(3, 2, sparsity=1.5), "sparsity must be a fraction"),
        (lambda: synthetic.poisson_problem(3, 2, counts=0), "counts must be a positive"),
        (lambda: synthetic.eem((3, 2)), "shape must hold"),
        (lambda: synthetic.eem(profile="voigt"), "profile must be one of"),
        (lambda: synthetic.hyperspectral_scene((1, 2), rank=3), "rank must be at most 2, the number of pixels"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
