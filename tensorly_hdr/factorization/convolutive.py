"""Convolutive nonnegative matrix factorization: short templates, laid down wherever their activation says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of, component_axis, default_axes, labelled
from tensorly_hdr.factorization.convolution import ConvolutiveProblem, alternate, convolve, stacked
from tensorly_hdr.losses import LOSSES, Beta, Frobenius, Loss, in_double
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import interior
from tensorly_hdr.solve import Result, Stop, run

NOTHING = 1e-16  # part of the loudest entry up to which a start counts one as zero: a floor is no sound
LEAD = 3  # frames of a template before the loudest one, of those of ten taps or more: the attack


@dataclass(frozen=True, repr=False, eq=False)
class ConvolutiveResult(Result):
    """Templates ``W`` of shape (F, n_taps, rank), activations ``H``, tall, (N, rank); ``x`` is the pair.

    ``starts`` holds the objective that each of the ``n_init`` starts reached, in their order.
    """

    starts: NDArray = field(default_factory=lambda: np.empty(0), kw_only=True)

    @property
    def W(self) -> NDArray:
        """Templates: ``W[:, t, q]`` is the spectrum of component ``q``, ``t`` frames after its onset."""
        return np.asarray(self.x[0])

    @property
    def H(self) -> NDArray:
        """Activations, of shape (N, r); ``H[n, q]`` is how strongly component ``q`` begins at frame ``n``."""
        return np.asarray(self.x[1])

    @property
    def factors(self) -> tuple[NDArray, NDArray]:
        """The pair ``(W, H)``."""
        return self.W, self.H

    def reconstruct(self) -> NDArray:
        """Model of the data, shape (F, N)."""
        return convolve(self.W, self.H)

    def to_xarray(self) -> tuple[Any, Any]:
        """``W`` and ``H`` as DataArrays on the dimensions of the data, with "tap" and "component"."""
        axes = self.axes or default_axes(2)
        tap = Axis("tap" if all(axis.name != "tap" for axis in axes) else "tap_2")
        components = component_axis(self.H.shape[1], axes)
        return labelled(self.W, axes[0], tap, components), labelled(self.H, axes[1], components)

    def _shapes(self) -> str:
        return f"W: {'x'.join(map(str, self.W.shape))}, H: {'x'.join(map(str, self.H.shape))}"


@check.known_options
def convolutive_nmf(
    S: Any,
    rank: int | None = None,
    n_taps: int | None = None,
    *,
    loss: str | Loss = "kl",
    templates: Any = None,
    adapt: float | None = None,
    l1: float = 0.0,
    init: Any = "auto",
    n_init: int = 1,
    n_inner: int = 1,
    mask: Any = None,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> ConvolutiveResult:
    r"""Convolutive NMF: :math:`\min_{W, H \ge 0} d(S, \hat S) + \lambda \sum H`, :math:`\hat S` as below [1]_ [2]_.

    The model is :math:`\hat S[f, n] = \sum_{q=1}^{r} \sum_{t=0}^{T-1} W[f, t, q]\, H[n - t, q]`, with no activation
    before the first frame; what a template puts after the last one does not count. The loss is a beta divergence, and
    each update minimizes a separable majorant, so that the objective never rises [3]_.

    With ``templates``, only the activations are fitted: a regression, convex for ``loss="kl"``. With ``adapt`` too, the
    templates follow the data but are pulled towards those given, :math:`W^0`: the objective has one more term,
    :math:`\sum_q m_q \mathrm{KL}(W^0_q, W_q)`, where :math:`\mathrm{KL}(W^0, W) = \sum W^0 \log(W^0/W) - W^0 + W`. Its
    update is :math:`W \leftarrow (W \odot N + m W^0) / (D + m)`, with :math:`N / D` the ratio of the update without
    pull.

    Where the templates are free, an activation whose template is not wholly seen, since it reaches past the last frame
    or falls on hidden ones, may not grow above ten times the largest of the others of its component. Without this
    bound the objective may have no minimum: a first tap runs to zero and the activation of the last frame, which acts
    through that tap only, to infinity.

    Parameters
    ----------
    S : nonnegative array of shape (F, N)
        One frame per column, as in a magnitude spectrogram. Array-like or DataArray, dense; float32 stays float32, and
        is twice as fast for Kullback-Leibler and Frobenius.
    rank : int, optional
        Number of components; that of ``templates`` by default.
    n_taps : int, optional
        Length :math:`T` of a template, in frames; that of ``templates`` by default. One is NMF.
    loss : {"kl", "frobenius", "is"} or a Loss
        Kullback-Leibler, half the squared Frobenius distance, Itakura-Saito, or ``Beta(b)``.
    templates : nonnegative array of shape (F, n_taps, rank), optional
        Templates to keep, or to start from with ``adapt``.
    adapt : float, optional
        None keeps the templates as they are; zero frees them; a positive number pulls them towards what they were, for
        Kullback-Leibler. It is relative: :math:`m_q = \mathtt{adapt} \sum S / (r \sum W^0_q)`, so that one gives the
        templates learnt the weight of a share :math:`1/r` of the data.
    l1 : float
        Weight :math:`\lambda` of the sum of the activations. Nonzero for ``beta <= 1`` and Frobenius only.
    init : {"auto", "separable", "scaled"}, ConvolutiveResult, or a pair (W, H), None for what is missing
        The start. "separable" (or "auto") takes windows of the data around the loudest frames, each time of what the
        earlier ones do not explain, and constant activations; "scaled" is random, and so are templates that a pair
        lacks; activations that it lacks are constant. With ``templates``, activations are constant, or those of the
        pair, or of the result: its templates are used with ``adapt``.
    n_init : int
        Number of starts; the best run is returned, and ``result.starts`` holds what each reached. Those after the first
        are random. With ``templates`` there is nothing random, and one start.
    n_inner : int
        Updates of the activations for each one of the templates.
    mask : boolean array of shape (N,)
        True for the frames that are observed; what the others hold, NaN included, does not matter.
    seed : int, optional
        Seed of a random start.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

    Returns
    -------
    ConvolutiveResult
        ``W``, ``H``, and ``reconstruct()``.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite, negative, sparse or of the wrong shape, when weights and loss do
        not go together, or when the templates are zero where the data are not (an infinite divergence), or one of
        those that pull is all zero.

    References
    ----------
    .. [1] P. Smaragdis, Convolutive speech bases and their application to supervised speech separation, 2007.
    .. [2] H. Wu, A. Marmoret and J. E. Cohen, Semi-supervised convolutive NMF for automatic music transcription, 2022;
       manuscript, section 21.2.
    .. [3] D. Fagot, H. Wendt, C. Févotte and P. Smaragdis, Majorization-minimization algorithms for convolutive NMF
       with the beta-divergence, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[3.0, 1.0], [1.0, 2.0]])[:, :, None]
    >>> S = np.array([[3.0, 1.0, 6.0, 2.0], [1.0, 2.0, 2.0, 4.0]])
    >>> convolutive_nmf(S, templates=W).H.round(1).T
    array([[1., 0., 2., 0.]])
    """
    axes, init, dtype = axes_of(S), check.start(init), check.as_array("S", S, ndim=2, finite=False).dtype
    problem, W0, size = _checked(S, rank, n_taps, loss, templates, adapt, l1, mask)
    rng, options = check.generator(seed), check.stop_options(stop)
    n_inner, n_init = check.positive_int("n_inner", n_inner), check.positive_int("n_init", n_init)
    check.one_start("n_init", n_init, templates)
    if problem.adapts and problem.pull is None:
        check.templates_keep_scale(problem.l1, stacklevel=4)
    runs = []
    for k in range(n_init):
        W, H = _positive_start(problem, size, W0, "scaled" if k else init, rng)
        if problem.loss.beta <= 1.0:
            check.reaches("templates" if templates is not None else "init", problem.Y, stacked(H, size[1]) @ W.T)
        steps = alternate(problem, W, H, n_inner)
        runs.append(run(steps, problem.objective, view=lambda s: (s.W.reshape(size), s.H), **options))
    losses = np.array([trace.loss[-1] for _, trace, _, _ in runs])
    state, trace, status, n_iter = runs[0 if np.isnan(losses).all() else int(np.nanargmin(losses))]
    W = W0.copy() if W0 is not None and not problem.adapts else state.W.reshape(size)
    W, H = (u.astype(dtype, copy=False) for u in (W, state.H))
    return ConvolutiveResult((W, H), trace, status, n_iter, "mu", axes, starts=losses)


def _checked(
    S: Any, rank: Any, n_taps: Any, loss: Any, templates: Any, adapt: Any, l1: Any, mask: Any
) -> tuple[ConvolutiveProblem, NDArray | None, tuple[int, int, int]]:
    """Problem of checked arguments, templates if given, and the shape of the templates."""
    divergence = check.loss(loss, LOSSES)
    divergence = Frobenius() if divergence == Beta(2.0) else divergence
    check.beta_penalties(divergence, [NonNegative(l1=l1)])
    check.same_labels("S", S, "templates", templates, dims=1)
    seen, shape = _observed(S, mask)
    frames = None if seen is None else np.broadcast_to(seen, shape)
    S = check.as_data("S", S, frames, nonneg=True, beta=divergence.beta)[0]
    S = S if divergence.beta in (1.0, 2.0) else in_double(S)
    W0 = None
    if templates is not None:
        W0 = check.as_array("templates", templates, ndim=3, nonneg=True).astype(S.dtype, copy=False)
        check.same_size(rows_of_S=len(S), rows_of_templates=len(W0))
        rank, n_taps = (W0.shape[2] if rank is None else rank), (W0.shape[1] if n_taps is None else n_taps)
    rank, n_taps = check.rank(rank, S.shape), check.taps(n_taps, S.shape)
    if W0 is not None:
        check.same_shape("templates", W0.shape, (len(S), n_taps, rank))
    adapt = check.adaptation(adapt, templates, divergence)
    adapts = W0 is None or adapt is not None
    problem = ConvolutiveProblem(np.ascontiguousarray(S.T), seen, divergence, float(l1), *_pull(S, W0, adapt), adapts)
    return problem, W0, (len(S), n_taps, rank)


def _observed(S: Any, mask: Any) -> tuple[NDArray | None, tuple[int, ...]]:
    """Mask of the frames, checked against the data; and the shape of these."""
    shape = check.as_array("S", S, ndim=2, finite=False).shape
    check.labels_of_mode("mask", mask, "S", S, 1)
    return check.observed("mask", mask, shape[1:]), shape


def _pull(S: NDArray, W0: NDArray | None, adapt: float | None) -> tuple[NDArray | None, NDArray | None]:
    """Weight of the divergence from each column of the templates, and these; nothing when they are fixed or free."""
    if W0 is None or not adapt:
        return None, None
    mass = W0.sum(axis=(0, 1))
    check.nonzero_sums("templates", mass)
    weights = adapt * float(S.sum()) / (len(mass) * mass)
    return np.tile(weights, W0.shape[1]).astype(S.dtype), W0.reshape(len(W0), -1)


def _positive_start(
    problem: ConvolutiveProblem, size: tuple[int, int, int], W0: NDArray | None, init: Any, rng: np.random.Generator
) -> tuple[NDArray, NDArray]:
    """Templates, flat, and activations, off the zeros that their updates could not leave."""
    W, H = _start(problem, size, W0, init, rng)
    return (interior(W) if problem.adapts else W).reshape(len(W), -1), interior(H)


def _start(
    problem: ConvolutiveProblem, size: tuple[int, int, int], W0: NDArray | None, init: Any, rng: np.random.Generator
) -> tuple[NDArray, NDArray]:
    """Templates and activations, at the scale of the data where they are not given."""
    Y, shape = problem.Y, (len(problem.Y), size[2])
    named = isinstance(init, str)
    names = {"auto": "separable", "separable": "separable", "scaled": "scaled"} if W0 is None else {"auto": "given"}
    name = check.choice("init", init, names) if named else "scaled"
    W, H = (None, None) if named else _pair(init, size, shape, Y.dtype)
    if W0 is not None and (W is None or not problem.adapts):
        W = W0
    if W is None and name == "separable":
        W = loudest_windows(problem, size, rng)
    if W is None:
        W = rng.random(size).astype(Y.dtype, copy=False)
        even = rng.random(shape).astype(Y.dtype, copy=False)
    else:
        mass = W.sum(axis=(0, 1))
        even = np.ones(shape, Y.dtype) / np.where(mass > 0, mass, 1)
    if H is not None:
        return W, H
    total = float((problem.mass(W.reshape(len(W), -1), size[2]) * even).sum())
    return W, even * Y.dtype.type(float(Y.sum()) / total if total > 0 and Y.any() else 1.0)


def _pair(init: Any, of_W: tuple[int, ...], of_H: tuple[int, ...], dtype: Any) -> list[NDArray | None]:
    """Check both arrays of a start."""
    arrays = list(getattr(init, "factors", init))
    check.same_size(arrays_in_init=len(arrays), factors=2)
    out: list[NDArray | None] = []
    for name, array, shape in zip(("init[0]", "init[1]"), arrays, (of_W, of_H), strict=True):
        if array is not None:
            array = np.array(check.as_array(name, array, ndim=len(shape), nonneg=True), dtype=dtype)
            check.same_shape(name, array.shape, shape)
        out.append(array)
    return out


def loudest_windows(problem: ConvolutiveProblem, size: tuple[int, int, int], rng: np.random.Generator) -> NDArray:
    """Windows around the loudest frame, in the l1 norm, of what is left after projection off those picked before.

    A window begins some frames before that one, for the attack. When nothing is left, the template is random.
    """
    n_rows, n_taps, rank = size
    Y = np.where(NOTHING * problem.Y.max() < problem.Y, problem.Y, problem.Y.dtype.type(0))
    padded = np.vstack([Y, np.zeros((n_taps, n_rows), Y.dtype)])
    W = rng.random(size).astype(Y.dtype, copy=False) * (Y.mean() or 1.0)
    smallest = 1e-5 * np.abs(Y).sum(axis=1).max()
    for q in range(rank):
        sizes = np.abs(Y).sum(axis=1)
        loudest = int(sizes.argmax())
        if sizes[loudest] <= smallest:
            break
        first = max(0, min(loudest - min(LEAD, n_taps // LEAD), len(Y) - n_taps))
        W[:, :, q] = padded[first : first + n_taps].T
        direction = Y[loudest] / np.linalg.norm(Y[loudest])
        Y -= np.outer(Y @ direction, direction)
    return W
