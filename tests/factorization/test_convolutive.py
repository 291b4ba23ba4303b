"""Convolutive NMF: adjoints, NMF as the case of one tap, majorization, mass, planted onsets, adaptation, masks."""

import numpy as np
import pytest
import xarray as xr

from tensorly_hdr import Beta, ConvolutiveResult, convolutive_nmf, nmf, nnkl
from tensorly_hdr.factorization import convolve, correlate, correlate_activations
from tensorly_hdr.losses import LOSSES
from tensorly_hdr.penalties import NonNegative

BETAS = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0]


def data(rng, n_taps=4, rank=3, shape=(9, 30)):
    """Noisy data of a sparse model, and its templates."""
    W = rng.random((shape[0], n_taps, rank)) + 0.05
    H = rng.random((shape[1], rank)) * (rng.random((shape[1], rank)) < 0.3)
    return convolve(W, H) * rng.gamma(4.0, 0.25, shape) + 0.01, W


def model_by_loops(W, H):
    (F, T, r), N = W.shape, len(H)
    S = np.zeros((F, N))
    for n in range(N):
        for t in range(min(T, n + 1)):
            for q in range(r):
                S[:, n] += W[:, t, q] * H[n - t, q]
    return S


@pytest.mark.parametrize(("n_taps", "n"), [(1, 7), (4, 11), (9, 5)])
def test_the_operators_are_adjoint_and_the_model_is_the_sum_of_its_definition(n_taps, n, rng):
    W, H, E = (rng.standard_normal(s) for s in ((6, n_taps, 3), (n, 3), (6, n)))
    model = convolve(W, H)
    np.testing.assert_allclose(model, model_by_loops(W, H), rtol=1e-12, atol=1e-12)
    assert np.vdot(model, E) == pytest.approx(np.vdot(H, correlate(W, E)), rel=1e-12)
    assert np.vdot(model, E) == pytest.approx(np.vdot(W, correlate_activations(H, E, n_taps)), rel=1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_one_tap_is_nmf_by_multiplicative_updates_step_by_step(beta, rng):
    """The activations come first here: the first factor of the transpose there."""
    S, W = data(rng, n_taps=1)
    H = rng.random((S.shape[1], 3)) + 0.1
    options = {"loss": Beta(beta), "max_iter": 12, "tol": 0}
    ours = convolutive_nmf(S, 3, 1, init=(W, H), **options)
    theirs = nmf(S.T, 3, solver="mu", n_inner=1, init=(H, W[:, 0]), **options)
    np.testing.assert_allclose(ours.trace.loss, theirs.trace.loss, rtol=1e-11)
    np.testing.assert_allclose(ours.H, theirs.factors[0], rtol=1e-9)
    np.testing.assert_allclose(ours.W[:, 0], theirs.factors[1], rtol=1e-9)


@pytest.mark.parametrize("loss", ["kl", "frobenius", "is"])
def test_one_tap_with_l1_is_penalized_regression_step_by_step(loss, rng):
    S, W = data(rng, n_taps=1)
    H = rng.random((S.shape[1], 3)) + 0.1
    options = {"loss": loss, "max_iter": 12, "tol": 0}
    ours = convolutive_nmf(S, templates=W, init=(None, H), l1=0.05, **options)
    theirs = nmf(
        S.T, 3, solver="mu", n_inner=1, init=(H, W[:, 0]), fixed=(1,),
        penalties=(NonNegative(l1=0.05), NonNegative()), **options,
    )  # fmt: skip
    np.testing.assert_allclose(ours.trace.loss, theirs.trace.loss, rtol=1e-11)
    np.testing.assert_allclose(ours.H, theirs.factors[0], rtol=1e-9)


def updates_by_loops(S, W, H, beta, seen):
    """One update of the activations, one of the templates: sums over the frames that are seen, term by term."""
    (F, T, r), N = W.shape, len(H)
    power = 1 / (2 - beta) if beta < 1 else 1 / (beta - 1) if beta > 2 else 1.0

    def parts(W, H):
        M = model_by_loops(W, H)
        return M ** (beta - 1), S * M ** (beta - 2)

    plus, minus = parts(W, H)
    new_H = H.copy()
    for k in range(N):
        for q in range(r):
            lags = [t for t in range(T) if k + t < N and seen[k + t]]
            up = sum(W[f, t, q] * minus[f, k + t] for t in lags for f in range(F))
            down = sum(W[f, t, q] * plus[f, k + t] for t in lags for f in range(F))
            new_H[k, q] *= (up / down) ** power
    plus, minus = parts(W, new_H)
    new_W = W.copy()
    for f in range(F):
        for t in range(T):
            for q in range(r):
                frames = [n for n in range(t, N) if seen[n]]
                up = sum(minus[f, n] * new_H[n - t, q] for n in frames)
                down = sum(plus[f, n] * new_H[n - t, q] for n in frames)
                new_W[f, t, q] *= (up / down) ** power
    return new_W, new_H


@pytest.mark.parametrize("hidden", [[], [3, 4, 10]])
@pytest.mark.parametrize("beta", BETAS)
def test_a_round_is_that_of_a_naive_implementation(beta, hidden, rng):
    S, W = data(rng, n_taps=3, rank=2, shape=(5, 12))
    H, seen = rng.random((12, 2)) + 0.1, ~np.isin(np.arange(12), hidden)
    result = convolutive_nmf(S, 2, 3, loss=Beta(beta), init=(W, H), mask=seen, max_iter=1, tol=0)
    expected_W, expected_H = updates_by_loops(S, W, H, beta, seen)
    np.testing.assert_allclose(result.H, expected_H, rtol=1e-12)
    np.testing.assert_allclose(result.W, expected_W, rtol=1e-12)
    assert result.loss == pytest.approx(Beta(beta).value(S[:, seen], result.reconstruct()[:, seen]), rel=1e-10)


@pytest.fixture
def double_precision():
    torch = pytest.importorskip("torch")
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(usual)


@pytest.mark.torch
@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("fixed", [True, False])
def test_torchnmf_agrees(fixed, rng):
    """It has no activation in the last frames (ours start at zero there) and adds 1e-7 to divisors."""
    torch = pytest.importorskip("torch")
    peer = pytest.importorskip("torchnmf.nmf")
    S, W = data(rng)
    last = W.shape[1] - 1
    H = rng.random((S.shape[1], 3)) + 0.1
    H[-last:] = 0.0
    tensors = {"W": W.transpose(0, 2, 1), "H": H[None, :-last].transpose(0, 2, 1)}
    theirs = peer.NMFD(**{k: torch.from_numpy(v.copy()) for k, v in tensors.items()}, trainable_W=not fixed)
    # it updates the templates first: so a single round of them, from activations that one update of ours has made
    if fixed:
        theirs.fit(torch.from_numpy(S)[None], beta=1, tol=-np.inf, max_iter=10)
        ours = convolutive_nmf(S, templates=W, init=(None, H), max_iter=10, tol=0)
    else:
        start = convolutive_nmf(S, templates=W, init=(None, H), max_iter=1, tol=0).H
        theirs.H.data = torch.from_numpy(start[None, :-last].transpose(0, 2, 1).copy())
        theirs.fit(torch.from_numpy(S)[None], beta=1, tol=-np.inf, max_iter=1)
        ours = convolutive_nmf(S, 3, 4, init=(W, H), max_iter=1, tol=0)
        np.testing.assert_allclose(ours.W, theirs.W.detach().numpy().transpose(0, 2, 1), rtol=1e-5)
        ours = convolutive_nmf(S, templates=ours.W, init=(None, start), max_iter=1, tol=0)
    apart = slice(-2 * last)  # frames that hear nothing of the last ones, where a start of zero is moved inside
    np.testing.assert_allclose(ours.H[apart], theirs.H.detach().numpy()[0].T[:-last], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("init", ["separable", "scaled"])
@pytest.mark.parametrize("beta", BETAS)
def test_the_objective_never_rises(beta, init, rng):
    S, _ = data(rng)
    mask = rng.random(S.shape[1]) < 0.8
    for n_inner, seen in ((1, None), (3, mask)):
        trace = convolutive_nmf(
            S, 3, 4, loss=Beta(beta), init=init, n_inner=n_inner, mask=seen, seed=0, max_iter=60, tol=0
        ).trace
        assert (np.diff(trace.loss) <= 1e-11 * trace.loss[0]).all()
        assert trace.loss[-1] < trace.loss[0]


@pytest.mark.parametrize("loss", ["kl", "frobenius", "is"])
def test_with_l1_it_never_rises_and_activations_shrink(loss, rng):
    S, W = data(rng)
    sums = []
    for l1 in (0.0, 0.5, 5.0):
        result = convolutive_nmf(S, templates=W, loss=loss, l1=l1, max_iter=200, tol=0)
        assert (np.diff(result.trace.loss) <= 1e-11 * result.trace.loss[0]).all()
        divergence = LOSSES[loss].value(S, result.reconstruct())
        assert result.loss == pytest.approx(divergence + l1 * result.H.sum(), rel=1e-9)
        sums.append(result.H.sum())
    assert sums[0] > sums[1] > sums[2]


@pytest.mark.parametrize("hidden", [[], [0, 7, 8, 29]])
def test_kullback_leibler_updates_preserve_mass_to_rounding(hidden, rng):
    """Total mass by that of the activations, that of each frequency by that of the templates, on the observed frames.

    This holds because what a template puts beyond the last frame, or on a hidden one, is in no sum.
    """
    S, W = data(rng)
    seen = ~np.isin(np.arange(S.shape[1]), hidden)
    fixed = convolutive_nmf(S, templates=W, mask=seen, max_iter=1, tol=0)
    assert fixed.reconstruct()[:, seen].sum() == pytest.approx(S[:, seen].sum(), rel=1e-13)
    free = convolutive_nmf(S, 3, 4, init="scaled", seed=0, mask=seen, max_iter=1, tol=0)
    np.testing.assert_allclose(free.reconstruct()[:, seen].sum(axis=1), S[:, seen].sum(axis=1), rtol=1e-12)


def test_fixed_templates_are_a_regression_on_the_matrix_of_all_delays(rng):
    S, W = data(rng, n_taps=3, rank=2, shape=(6, 8))
    columns = [convolve(W, h.reshape(8, 2)).ravel() for h in np.eye(16)]
    exact = nnkl(np.column_stack(columns), S.ravel(), tol_gap=1e-10, max_iter=5000)
    ours = convolutive_nmf(S, templates=W, max_iter=2000, tol=0)
    assert ours.loss == pytest.approx(exact.loss, rel=1e-6)
    np.testing.assert_array_equal(ours.W, W)


def onsets(H, level=0.5):
    return set(zip(*np.nonzero(level * H.max() < H), strict=True))


def notes(rng, n_notes=5, n_taps=6, shape=(40, 120)):
    """Templates that decay, of overlapping spectra, and onsets of which several sound together."""
    decay = np.exp(-np.arange(n_taps) / 3)[:, None] * np.ones(n_notes)
    W = (rng.random((shape[0], 1, n_notes)) ** 4 + 1e-3) * decay
    W *= 1 + 0.3 * rng.random(W.shape)
    H = 1.0 * (rng.random((shape[1], n_notes)) < 0.05)
    H[0, 0] = H[-1, 1] = 1.0  # the borders too
    return W, H, convolve(W, H)


@pytest.mark.parametrize("loss", ["kl", "frobenius"])
def test_planted_onsets_are_recovered_with_their_templates(loss, rng):
    W, H, S = notes(rng)
    found = convolutive_nmf(S, templates=W, loss=loss, max_iter=2000, tol=0)
    assert onsets(found.H) == onsets(H)
    np.testing.assert_allclose(found.H, H, atol=0.02)


def test_a_planted_template_and_its_onsets_are_recovered_blindly(rng):
    H, S = one_note(rng)
    found = convolutive_nmf(S, 1, 6, max_iter=3000, tol=0)
    shift = int(np.argmax(found.W[:, :, 0].sum(axis=0)))
    heights = found.H[:, 0] / found.H.max()
    assert {n + shift for n in np.flatnonzero(heights > 0.5)} == set(np.flatnonzero(H[:, 0]))
    assert found.loss < 1e-3 * found.trace.loss[0]


def one_note(rng):
    W = (rng.random((20, 1, 1)) ** 3 + 1e-3) * np.exp(-np.arange(6) / 2)[None, :, None]
    H = np.zeros((80, 1))
    H[[8, 30, 47, 60], 0] = 1.0
    return H, convolve(W, H)


def pulled(anchor, W):
    """Sum of the divergences from the templates learnt, one a component."""
    return np.array([LOSSES["kl"].value(anchor[:, :, q], W[:, :, q]) for q in range(W.shape[2])])


def test_an_adaptation_minimizes_the_loss_plus_the_divergence_from_the_templates(rng):
    S, W0 = data(rng)
    S[:4] *= 3.0  # another instrument
    for adapt in (0.1, 1.0, 10.0):
        result = convolutive_nmf(S, templates=W0, adapt=adapt, n_inner=2, max_iter=100, tol=0)
        weights = adapt * S.sum() / (3 * W0.sum(axis=(0, 1)))
        expected = LOSSES["kl"].value(S, result.reconstruct()) + weights @ pulled(W0, result.W)
        assert result.loss == pytest.approx(expected, rel=1e-10)
        assert (np.diff(result.trace.loss) <= 1e-12 * result.trace.loss[0]).all()


def test_the_update_with_a_pull_is_its_formula(rng):
    S, W0 = data(rng)
    H = rng.random((S.shape[1], 3)) + 0.1
    result = convolutive_nmf(S, templates=W0, adapt=0.5, init=(None, H), max_iter=1, tol=0)
    ratio = S / convolve(W0, result.H)
    num, den = (correlate_activations(result.H, E, 4) for E in (ratio, np.ones_like(S)))
    m = 0.5 * S.sum() / (3 * W0.sum(axis=(0, 1)))
    np.testing.assert_allclose(result.W, (W0 * num + m * W0) / (den + m), rtol=1e-12)


def test_a_large_pull_keeps_the_templates_and_none_frees_them(rng):
    S, W0 = data(rng)
    options = {"templates": W0, "max_iter": 20, "tol": 0}
    kept, fixed = convolutive_nmf(S, adapt=1e12, **options), convolutive_nmf(S, **options)
    np.testing.assert_allclose(kept.W, W0, rtol=1e-9)
    np.testing.assert_allclose(kept.H, fixed.H, rtol=1e-6)
    free = convolutive_nmf(S, adapt=0.0, **options)
    flat = convolutive_nmf(S, templates=W0, max_iter=0).H
    again = convolutive_nmf(S, 3, 4, init=(W0, flat), max_iter=20, tol=0)
    np.testing.assert_allclose(free.W, again.W, rtol=1e-12)
    distances = [pulled(W0, convolutive_nmf(S, adapt=a, **options).W).sum() for a in (0.0, 0.1, 1.0, 10.0)]
    assert distances == sorted(distances, reverse=True)


def test_adaptation_does_not_depend_on_the_scale_of_a_template(rng):
    S, W0 = data(rng)
    scales = np.array([1e-3, 1.0, 50.0])
    a, b = (convolutive_nmf(S, templates=W, adapt=0.3, max_iter=30, tol=0) for W in (W0, scales * W0))
    np.testing.assert_allclose(a.reconstruct(), b.reconstruct(), rtol=1e-9)
    np.testing.assert_allclose(a.trace.loss[1:], b.trace.loss[1:], rtol=1e-9)


@pytest.mark.parametrize("loss", ["kl", "frobenius", "is"])
def test_hidden_frames_do_not_matter(loss, rng):
    S, _ = data(rng)
    seen = np.ones(30, bool)
    seen[[0, 5, 6, 7, 29]] = False
    runs = []
    for value in (np.nan, 0.0, 1e6 * rng.random((9, 30))):
        spoiled = np.where(seen, S, value)
        runs.append(convolutive_nmf(spoiled, 2, 3, loss=loss, init="scaled", mask=seen, seed=0, max_iter=15, tol=0))
    for other in runs[1:]:
        np.testing.assert_array_equal(runs[0].trace.loss, other.trace.loss)
        np.testing.assert_array_equal(runs[0].W, other.W)
    last = runs[0].H[-1] / runs[0].H.max()
    assert last.max() < 1e-12  # no observed frame sees it


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("beta", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_silence_is_fitted_by_silence(beta, dtype, rng):
    S, W = data(rng)
    S[:, 8:20], S[3] = 0.0, 0.0
    result = convolutive_nmf(S.astype(dtype), templates=W, loss=Beta(beta), max_iter=300, tol=0)
    assert result.H.dtype == dtype
    assert result.status == "max_iter"
    assert result.H[8:16].max() < (1e-3 if beta < 2 else 1e-2) * result.H.max()
    nothing = convolutive_nmf(0 * S, templates=W, loss=Beta(beta), max_iter=30)
    assert nothing.H.max() < 1e-12
    assert convolutive_nmf(0 * S, 2, 3, loss=Beta(beta), max_iter=30).loss < 1e-6


@pytest.mark.parametrize("loss", ["kl", "frobenius", "is"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_silent_template_changes_nothing(loss, dtype, rng):
    S, W = data(rng)
    spoiled = np.concatenate([W, np.zeros((9, 4, 1))], axis=2)
    options = {"loss": loss, "max_iter": 30, "tol": 0}
    without, with_it = (convolutive_nmf(S.astype(dtype), templates=w, **options) for w in (W, spoiled))
    assert not with_it.W[:, :, 3].any()
    assert with_it.H[:, 3].max() <= 1e-6 * with_it.H.max()
    rounding = 1e-4 if dtype == np.float32 else 1e-10
    np.testing.assert_allclose(with_it.reconstruct(), without.reconstruct(), rtol=rounding)
    freed = convolutive_nmf(S.astype(dtype), templates=spoiled, **options, adapt=0.0)
    assert (np.diff(freed.trace.loss) <= rounding * freed.trace.loss[0]).all()
    if loss == "kl":
        with pytest.raises(ValueError, match=r"templates .* leave out \[3\]"):
            convolutive_nmf(S, templates=spoiled, adapt=1.0)


def test_taps_that_no_frame_sees_vanish(rng):
    S = rng.random((5, 4)) + 0.1
    result = convolutive_nmf(S, 1, 7, init="scaled", seed=0, max_iter=20, tol=0)
    assert result.W[:, 4:].max() < 1e-12 * result.W.max()
    H = convolutive_nmf(S, templates=result.W, max_iter=20, tol=0).H
    np.testing.assert_allclose(H, convolutive_nmf(S, templates=result.W[:, :4], max_iter=20, tol=0).H, rtol=1e-9)


def test_single_precision_stays_and_agrees(rng):
    S, W = data(rng)
    for options in ({"templates": W}, {"templates": W, "adapt": 1.0}, {"rank": 3, "n_taps": 4}):
        low = convolutive_nmf(S.astype(np.float32), max_iter=50, tol=0, **options)
        high = convolutive_nmf(S, max_iter=50, tol=0, **options)
        assert low.W.dtype == low.H.dtype == low.reconstruct().dtype == np.float32
        assert low.loss == pytest.approx(high.loss, rel=1e-4)
        assert (np.diff(low.trace.loss) <= 1e-5 * S.sum()).all()


def test_a_run_goes_on_from_a_result_or_a_pair(rng):
    S, W = data(rng)
    for options in ({"templates": W}, {"templates": W, "adapt": 1.0}, {"rank": 3, "n_taps": 4}):
        whole = convolutive_nmf(S, max_iter=20, tol=0, **options)
        first = convolutive_nmf(S, max_iter=8, tol=0, **options)
        for init in (first, (first.W, first.H)):
            second = convolutive_nmf(S, init=init, max_iter=12, tol=0, **options)
            assert second.loss == pytest.approx(whole.loss, rel=1e-4)
            assert second.trace.loss[0] == pytest.approx(first.loss, rel=1e-4)


def test_the_separable_start_holds_the_loudest_window_first(rng):
    S = rng.random((6, 40))
    S[:, 20] += 5.0
    W = convolutive_nmf(S, 3, 10, max_iter=0).W
    np.testing.assert_allclose(W[:, :, 0], S[:, 17:27], rtol=1e-12)
    at_the_end = np.roll(S, 19, axis=1)
    np.testing.assert_allclose(convolutive_nmf(at_the_end, 1, 10, max_iter=0).W[:, :, 0], at_the_end[:, 30:])
    np.testing.assert_allclose(convolutive_nmf(S, 1, 4, max_iter=0).W[:, :, 0], S[:, 19:23], rtol=1e-12)
    low_rank = convolutive_nmf(np.outer(S[:, 0], S[0]), 4, 2, seed=0, max_iter=5)
    assert np.isfinite(low_rank.W).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_perfect_fit_has_no_negative_loss(dtype):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        W, H = rng.random((9, 4, 2)).astype(dtype), rng.random((30, 2)).astype(dtype)
        assert min(convolutive_nmf(convolve(W, H), templates=W, init=(None, H), max_iter=3, tol=0).trace.loss) >= 0.0


def test_the_separable_start_picks_another_spectrum_next_and_draws_what_is_left():
    S = np.zeros((3, 40))
    S[0, 20], S[0, 30], S[1, 10] = 10.0, 9.0, 1.0
    a, b = (convolutive_nmf(S + 1e-9, 3, 1, seed=seed, max_iter=0).W[:, 0] for seed in (0, 1))
    np.testing.assert_allclose(a[:, :2], [[10.0, 0.0], [0.0, 1.0], [0.0, 0.0]], atol=1e-5)
    np.testing.assert_allclose(a[:, :2], b[:, :2], atol=1e-5)
    assert (np.abs(a[:, 2] - b[:, 2]) > 1e-3 * a[:, 2]).all()


@pytest.mark.parametrize("options", [{"init": "separable"}, {"init": "scaled"}, {"templates": True}])
def test_a_start_has_the_mass_of_the_data(options, rng):
    S, W = data(rng)
    options = {"templates": W} if "templates" in options else {"rank": 3, "n_taps": 4, **options}
    assert convolutive_nmf(S, **options, max_iter=0).reconstruct().sum() == pytest.approx(S.sum(), rel=1e-9)


def test_the_templates_of_a_pair_do_not_matter_when_they_are_fixed(rng):
    S, W = data(rng)
    plain, other = (convolutive_nmf(S, templates=W, init=i, max_iter=2) for i in ("auto", (7 * W[:, ::-1], None)))
    np.testing.assert_array_equal(plain.trace.loss, other.trace.loss)
    np.testing.assert_array_equal(plain.H, other.H)


def test_what_a_pair_lacks_is_drawn_or_even(rng):
    S, W = data(rng)
    H = rng.random((30, 3))
    drawn = [convolutive_nmf(S, 3, 4, init=(None, H), seed=seed, max_iter=0) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(drawn[0].W, drawn[1].W)
    assert (drawn[0].W != drawn[2].W).all()
    for run in drawn:
        np.testing.assert_array_equal(run.H, H)
    for options in ({"rank": 3, "n_taps": 4, "init": (W, None)}, {"templates": 2 * W, "adapt": 1.0, "init": (W, None)}):
        even = convolutive_nmf(S, **options, max_iter=0)
        np.testing.assert_array_equal(even.W, W)
        np.testing.assert_allclose(even.H * W.sum(axis=(0, 1)), even.H[0, 0] * W[:, :, 0].sum(), rtol=1e-12)
        assert even.reconstruct().sum() == pytest.approx(S.sum(), rel=1e-9)
    both = [convolutive_nmf(S, 3, 4, init=i, seed=0, max_iter=0) for i in ("scaled", (None, None))]
    np.testing.assert_array_equal(both[0].W, both[1].W)
    np.testing.assert_array_equal(both[0].H, both[1].H)
    assert (both[0].H.max(axis=0) > 1.5 * both[0].H.min(axis=0)).all()


def test_results_carry_the_names_of_the_data(rng):
    S, W = data(rng)
    labelled = xr.DataArray(
        S, dims=("frequency", "time"), coords={"frequency": 10.0 * np.arange(9), "time": np.arange(30) / 50}
    )
    result = convolutive_nmf(labelled, templates=W, mask=labelled.time >= 0.1, max_iter=3)
    templates, activations = result.to_xarray()
    assert isinstance(result, ConvolutiveResult)
    assert templates.dims == ("frequency", "tap", "component")
    assert activations.dims == ("time", "component")
    np.testing.assert_array_equal(activations.time, labelled.time)
    again = convolutive_nmf(labelled, templates=templates, max_iter=3)
    assert again.to_xarray()[0].identical(templates)
    assert "W: 9x4x3, H: 30x3" in repr(result)
    with pytest.raises(ValueError, match="different coordinates along 'frequency'"):
        convolutive_nmf(labelled, templates=templates.assign_coords(frequency=np.arange(9)))
    with pytest.raises(ValueError, match="different coordinates along 'time'"):
        convolutive_nmf(labelled, templates=W, mask=labelled.time[::-1] > 0)


def test_an_interruption_leaves_the_arguments_as_they_were(rng):
    S, W = data(rng)
    copies = S.copy(), W.copy()

    def interrupt(k, x, info):
        assert [u.shape for u in x] == [(9, 4, 3), (30, 3)]
        if k == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convolutive_nmf(S, templates=W, adapt=1.0, callback=interrupt)
    np.testing.assert_array_equal(S, copies[0])
    np.testing.assert_array_equal(W, copies[1])


def test_an_escapable_penalty_warns(rng):
    S, W = data(rng)
    with pytest.warns(UserWarning, match="l1 has no effect in the end"):
        convolutive_nmf(S, 2, 3, l1=1.0, max_iter=1)
    with pytest.warns(UserWarning, match="l1 has no effect in the end"):
        convolutive_nmf(S, templates=W, adapt=0.0, l1=1.0, max_iter=1)
    convolutive_nmf(S, templates=W, adapt=1.0, l1=1.0, max_iter=1)


def sparse_counts(seed, n_rows=12, n=60, rank=3, n_taps=6):
    """Counts of templates whose first tap is silent, and some in the last frame: they can be explained for nothing."""
    rng = np.random.default_rng(seed)
    W = rng.random((n_rows, n_taps, rank)) * (rng.random((n_rows, n_taps, rank)) < 0.3)
    W[:, 0] = 0
    S = rng.poisson(3 * convolve(W, (rng.random((n, rank)) < 0.08) * (1 + rng.random((n, rank))))).astype(float)
    S[rng.integers(n_rows, size=3), -1] = 1
    return S


@pytest.mark.parametrize("loss", ["kl", "frobenius", Beta(1.5)], ids=str)
@pytest.mark.parametrize("hidden", [False, True])
def test_long_runs_keep_the_activations_of_the_last_frames_within_reason(loss, hidden):
    """Those whose template is not wholly seen stay below ten times what the others of the component ever were."""
    S = sparse_counts(1)
    mask = np.ones(60, bool)
    mask[30:33] = not hidden
    whole = np.arange(60) < 55
    whole &= np.array([mask[n : n + 6].all() for n in range(60)])
    most = np.zeros(3)

    def watch(k, x, info):
        np.maximum(most, x[1][whole].max(axis=0), out=most)
        assert (x[1][~whole].max(axis=0) <= 10.0 * most * (1 + 1e-9)).all()

    options = {"loss": loss, "init": "scaled", "seed": 0, "max_iter": 3000, "tol": 0}
    result = convolutive_nmf(S, 3, 6, mask=mask, callback=watch, **options)
    assert (np.diff(result.trace.loss) <= 1e-10 * result.trace.loss[0]).all()


def test_the_best_of_several_starts_is_returned():
    S = sparse_counts(0)
    result = convolutive_nmf(S, 3, 6, n_init=4, seed=0, max_iter=60)
    assert result.starts.shape == (4,)
    assert result.loss == result.starts.min()
    assert result.starts[0] == convolutive_nmf(S, 3, 6, seed=0, max_iter=60).loss
    with pytest.raises(ValueError, match="n_init must be 1 with templates"):
        convolutive_nmf(S, templates=result.W, n_init=2)
