"""Sections of a song: bars as slices of a tensor, how alike they are, and where one section ends.

The features of the bars may be the slices themselves, or the last factor of
:func:`~tensorly_hdr.factorization.nonnegative_tucker` on the tensor, which describes a bar by how much of each pattern
it holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.music._extra import package
from tensorly_hdr.music.evaluate import Score, score_of

if TYPE_CHECKING:
    import xarray as xr

FRAMES = 96  # of a bar: divides into halves, thirds, quarters, and their subdivisions
FAVOURED = 8  # bars of a section, in pop music


@check.known_options
def bar_tensor(S: Any, downbeats: Any, *, n_frames: int = FRAMES) -> xr.DataArray:
    r"""Stack the bars of a song: a tensor frequency x time in the bar x bar.

    Bar :math:`b` lasts from downbeat :math:`b` to the next. Each row of ``S`` is interpolated linearly at
    :math:`d_b + (d_{b+1} - d_b)\, k / n`, :math:`k = 0, \dots, n - 1`: all bars have as many frames, whatever the
    tempo.

    Parameters
    ----------
    S : DataArray (frequency or pitch_class, time), or array of shape (rows, frames)
        A spectrogram or chromagram. The times of a plain array are the numbers of its frames.
    downbeats : sequence of float
        Where each bar begins, and where the last one ends, in seconds (in frames for a plain array), increasing.
    n_frames : int, default 96
        Frames of a bar.

    Returns
    -------
    xarray.DataArray
        Dimensions (rows of ``S``, "position", "bar"); "position" runs from 0 to 1 in a bar, "start" is the downbeat of
        each bar.

    Raises
    ------
    TypeError, ValueError
        When ``S`` has no time, or downbeats do not increase or lie outside of the recording.

    References
    ----------
    .. [1] A. Marmoret and others, Uncovering audio patterns in music with nonnegative Tucker decomposition, ISMIR 2020;
       manuscript, section 20.3.

    Examples
    --------
    >>> bar_tensor(np.arange(12.0)[None, :], [0, 4, 11], n_frames=2).values
    array([[[0. , 4. ],
            [2. , 7.5]]])
    """
    import xarray as xr

    values, rows, times = _rows_and_times(S)
    n = check.positive_int("n_frames", n_frames)
    beats = check.rising_times("downbeats", downbeats, at_least=2)
    step = (times[-1] - times[0]) / max(len(times) - 1, 1)
    check.covered("downbeats", beats, float(times[0] - step), float(times[-1] + step))
    position = np.arange(n) / n
    where = beats[:-1, None] + np.diff(beats)[:, None] * position
    bars = np.stack([np.interp(where, times, row) for row in values])
    out = xr.DataArray(
        np.ascontiguousarray(bars.transpose(0, 2, 1).astype(values.dtype)), dims=(rows.dims[0], "position", "bar")
    )
    out = out.assign_coords(position=position, bar=np.arange(len(beats) - 1), start=("bar", beats[:-1]))
    return out.assign_coords({d: c for d, c in rows.coords.items() if c.dims == rows.dims})


@check.known_options
def autosimilarity(features: Any) -> NDArray:
    r"""Cosines of the angles between bars, :math:`A_{ij} = \langle x_i, x_j \rangle / (\|x_i\| \|x_j\|)`.

    Parameters
    ----------
    features : array of shape (bars, features), or DataArray with a dimension "bar"
        One bar a row; the other dimensions of a DataArray are laid out in a row. A bar of zeros is like no bar: zero.

    Returns
    -------
    array of shape (bars, bars)

    Examples
    --------
    >>> autosimilarity([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]])
    """
    values = check.as_array("features", features)
    if "bar" in getattr(features, "dims", ()):
        values = np.moveaxis(values, features.dims.index("bar"), 0).reshape(features.sizes["bar"], -1)
    rows = check.as_array("features", values, ndim=2)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.where(norms > 0, norms, 1)
    return np.asarray(unit @ unit.T)


@check.known_options
def segment(
    A: Any, *, max_size: int = 32, band: int | None = None, weight: float = 1.0, favoured: int = FAVOURED
) -> NDArray:
    r"""Sections of a song from the autosimilarity of its bars, by dynamic programming [1]_.

    Among all ways to cut the bars into sections of at most ``max_size`` bars, finds the best sum of

    .. math:: \frac1n \sum_{i \ne j \in \text{section}} A_{ij} - \lambda\, c\, p(n),

    :math:`n` bars in the section, :math:`c` the best first term of any ``favoured`` bars in a row (of all bars if they
    are fewer; zero if it is negative), and :math:`p` zero for ``favoured`` bars, 1/4 for other multiples of half of
    them, 1/2 for other even numbers, one else. With
    ``band``, only pairs of bars at most so far apart count. Without a penalty the blocks of a block-diagonal matrix of
    ones are found exactly. Of several best ways, one whose last sections are short is returned.

    Parameters
    ----------
    A : array of shape (bars, bars)
        Symmetric, as of :func:`autosimilarity`.
    max_size : int, default 32
        Bars of the longest section.
    band : int, optional
        Distance in bars; None for any.
    weight : float, default 1
        :math:`\lambda`; zero for no penalty on lengths.
    favoured : int, default 8
        Length of a section that has no penalty.

    Returns
    -------
    array of int
        First bar of each section, and at the end the number of bars.

    Raises
    ------
    TypeError, ValueError
        When ``A`` is not square and symmetric, or a number is out of range.

    References
    ----------
    .. [1] A. Marmoret, J. E. Cohen and F. Bimbot, Barwise music structure analysis with the correlation block-matching
       segmentation algorithm, 2023.

    Examples
    --------
    >>> segment(np.kron(np.diag([1, 1]), np.ones((3, 3))), weight=0.0)
    array([0, 3, 6])
    """
    A = check.symmetric("A", check.as_array("A", A, ndim=2))
    longest = min(check.positive_int("max_size", max_size), len(A))
    reach = len(A) if band is None else check.positive_int("band", band)
    penalty, usual = check.nonneg_float("weight", weight), check.positive_int("favoured", favoured)
    table = _section_scores(A, longest, reach)
    level = _best_of_size(A, min(usual, len(A)), reach)
    sizes = np.arange(1, longest + 1)
    return _best_cut(table - penalty * level * _length_penalty(sizes, usual)[:, None])


@check.known_options
def boundary_score(truth: Any, estimate: Any, *, tolerance: float = 0.5, trim: bool = False) -> Score:
    """Score borders of sections, in seconds: a border is right when a true one lies within ``tolerance``, one to one.

    Parameters
    ----------
    truth, estimate : sequence of float
        Borders, increasing, the first and the last of the song included.
    tolerance : float, default 0.5
        Seconds, both ends included; 0.5 and 3 are usual.
    trim : bool
        Leave out the first and the last border of both, which are no discovery.

    Returns
    -------
    Score
        As :func:`~tensorly_hdr.music.note_score` does, with its conventions for empty sets.

    Examples
    --------
    >>> boundary_score([0.0, 10.0, 20.0], [0.0, 10.4, 15.0, 20.0]).recall
    1.0
    """
    borders = [check.rising_times(name, x, at_least=2) for name, x in (("truth", truth), ("estimate", estimate))]
    width = check.nonneg_float("tolerance", tolerance, positive=True)
    true, found = (b[1:-1] if check.flag("trim", trim) else b for b in borders)
    n_right = len(package("mir_eval.util").match_events(true, found, width)) if len(true) and len(found) else 0
    return score_of(n_right, len(found), len(true))


def _rows_and_times(S: Any) -> tuple[NDArray, xr.DataArray, NDArray]:
    """Values (rows, frames), the axis of the rows, and the times."""
    import xarray as xr

    values = check.as_array("S", S, ndim=2)
    if not hasattr(S, "dims"):
        return values, xr.DataArray(np.zeros(len(values)), dims="frequency"), np.arange(float(values.shape[1]))
    check.timed("S", S)
    S = S.astype(values.dtype, copy=False).transpose(..., "time")
    return np.ascontiguousarray(S.values), S.isel(time=0, drop=True), np.asarray(S["time"], dtype=float)


def _section_scores(A: NDArray, longest: int, reach: int) -> NDArray:
    """Mean similarity of the section of ``n`` bars from bar ``i`` on, at ``[n - 1, i]``; ``-inf`` where it runs out."""
    total = len(A)
    distance = np.abs(np.subtract.outer(np.arange(total), np.arange(total)))
    sums = np.zeros((total + 1, total + 1))
    sums[1:, 1:] = np.where((distance > 0) & (distance <= reach), A, 0.0).cumsum(0).cumsum(1)
    out = np.full((longest, total), -np.inf)
    for n in range(1, longest + 1):
        i = np.arange(total - n + 1)
        out[n - 1, i] = (sums[i + n, i + n] - sums[i, i + n] - sums[i + n, i] + sums[i, i]) / n
    return out


def _best_of_size(A: NDArray, n: int, reach: int) -> float:
    """Best mean similarity of ``n`` bars in a row; zero if all are worse."""
    return max(float(_section_scores(A, n, reach)[n - 1].max()), 0.0)


def _length_penalty(sizes: NDArray, favoured: int) -> NDArray:
    half = max(favoured // 2, 1)
    conditions = [sizes == favoured, sizes % half == 0, sizes % 2 == 0]
    return np.select(conditions, [0.0, 0.25, 0.5], default=1.0)


def _best_cut(table: NDArray) -> NDArray:
    """Cut with the best sum of ``table[size - 1, start]``."""
    longest, total = table.shape
    best, before = np.zeros(total + 1), np.zeros(total + 1, dtype=int)
    for end in range(1, total + 1):
        sizes = np.arange(1, min(longest, end) + 1)
        values = best[end - sizes] + table[sizes - 1, end - sizes]
        choice = int(values.argmax())
        best[end], before[end] = values[choice], end - sizes[choice]
    borders = [total]
    while borders[-1] > 0:
        borders.append(int(before[borders[-1]]))
    return np.array(borders[::-1])
