"""Music: spectrograms, templates, activations, piano rolls, and how alike the bars of a song are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import pitch_name
from tensorly_hdr.plotting.style import PALETTE, one, several, with_units

FEW = 26  # pitches that have room for a name each


@check.known_options
def spectrogram(S: Any, *, ax: Axes | None = None, floor: float = 80.0) -> Axes:
    r"""Draw magnitudes in decibels below the largest one, :math:`20 \log_{10}(S / \max S)`.

    Parameters
    ----------
    S : DataArray (frequency, time) or nonnegative array of shape (frequencies, frames)
        A plain array is drawn against the numbers of its bins and frames.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    floor : float, default 80
        What lies so many decibels below the largest magnitude, or more, has the darkest colour.

    Returns
    -------
    matplotlib.axes.Axes
        The colour bar has axes of its own.

    Examples
    --------
    >>> spectrogram(np.eye(3) + 0.1).get_xlabel()
    'Frame'
    """
    depth = check.nonneg_float("floor", floor, positive=True)
    image = _labelled("S", S, ("frequency", "time"))
    ax = one(ax)
    drawn = _image(ax, image, _decibels(image.values, depth), vmin=-depth, vmax=0.0)
    ax.figure.colorbar(drawn, ax=ax, label="Magnitude (dB)")
    ax.set(xlabel=_axis_label(image, "time", "Frame"), ylabel=_axis_label(image, "frequency", "Bin"))
    return ax


@check.known_options
def templates(W: Any, *, components: Sequence[Any] | None = None, axes: Any = None, floor: float = 60.0) -> NDArray:
    """Draw one panel a template: its spectrum, frame after frame, in decibels below its largest entry.

    Parameters
    ----------
    W : DataArray (frequency, tap, component or pitch) or nonnegative array of shape (frequencies, taps, components)
        As of :func:`~tensorly_hdr.factorization.convolutive_nmf`; a dimension ``pitch`` gives the panels the names of
        notes.
    components : sequence, optional
        Which to draw, by the coordinate of the last dimension; all by default.
    axes : array of matplotlib.axes.Axes, optional
        One for each component; a new figure by default.
    floor : float, default 60
        What lies so many decibels below, or more, has the darkest colour.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        One for each component.

    Examples
    --------
    >>> [ax.get_title() for ax in templates(np.ones((8, 3, 2)))]
    ['component 0', 'component 1']
    """
    depth = check.nonneg_float("floor", floor, positive=True)
    last = str(W.dims[2]) if getattr(W, "ndim", 0) == 3 and hasattr(W, "dims") else "component"
    stack = _labelled("W", W, ("frequency", "tap", last))
    if last not in stack.coords:
        stack = stack.assign_coords({last: np.arange(stack.sizes[last])})
    if components is not None:
        stack = stack.sel({last: check.present("components", components, stack[last].values.tolist())})
    panels = several(axes, stack.sizes[last], n_cols=4, panel=(1.9, 2.4))
    for k, ax in enumerate(panels):
        image = stack.isel({last: k})
        _image(ax, image, _decibels(image.values, depth), vmin=-depth, vmax=0.0)
        ax.set(title=_name(last, image[last].item()), xlabel="Frame")
        ax.set_ylabel(_axis_label(image, "frequency", "Bin") if k == 0 else "")
    return panels


@check.known_options
def activations(H: Any, *, ax: Axes | None = None) -> Axes:
    """Draw activations as an image: one row a component, the lowest pitch at the bottom.

    Parameters
    ----------
    H : DataArray with a dimension "time", or array of shape (frames, components)
        Tall, as the activations of a factorization. If the other dimension is ``pitch`` its rows have names of notes:
        all of them if they are few, else one an octave.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The colour bar has axes of its own; its scale ends at the quantile 0.999 of the values that are not zero.

    Examples
    --------
    >>> H = xr.DataArray(np.eye(3, 2), dims=("time", "pitch"), coords={"time": [0.0, 0.1, 0.2], "pitch": [60, 64]})
    >>> [label.get_text() for label in activations(H).get_yticklabels()]
    ['C4', 'E4']
    """
    other = next((str(d) for d in getattr(H, "dims", ()) if d != "time"), "component")
    image = _labelled("H", H, ("time", other)).transpose(other, "time")
    values = image.values
    top = float(np.quantile(values[values > 0], 0.999)) if (values > 0).any() else 1.0
    ax = one(ax)
    rows = image.assign_coords({other: np.arange(image.sizes[other])})
    drawn = _image(ax, rows, values, vmin=0.0, vmax=top, cmap="cividis")
    ax.figure.colorbar(drawn, ax=ax, label="Activation")
    _name_rows(ax, other, image[other].values, np.arange(image.sizes[other]))
    ax.set(xlabel=_axis_label(image, "time", "Frame"), ylabel=other.capitalize())
    return ax


@check.known_options
def piano_roll(notes: Any, estimate: Any = None, *, pairs: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """Draw notes as bars from onset to offset; with an estimate, tell which notes are right, extra and missed.

    Right notes are filled in blue, extra ones in orange with stripes, missed ones are outlined in black: the three
    differ by more than their colour. Right notes are drawn where the estimate puts them.

    Parameters
    ----------
    notes : Notes
        The truth, or the only notes.
    estimate : Notes, optional
        A transcription.
    pairs : integer array of shape (n, 2), needed with an estimate
        Which note is which, from ``music.match_notes(notes, estimate)``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        When there are no notes, or ``pairs`` are missing or do not fit.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> one_note = SimpleNamespace(onset=np.zeros(1), offset=np.ones(1), pitch=np.array([60]), velocity=np.array([80]))
    >>> piano_roll(one_note).get_ylabel()
    'Pitch'
    """
    check.is_notes("notes", notes)
    ax = one(ax)
    if estimate is None:
        _bars(ax, notes, np.arange(len(notes.onset)), color=PALETTE["blue"])
        drawn = notes.pitch
    else:
        check.is_notes("estimate", estimate)
        matched = check.index_pairs("pairs", pairs, len(notes.onset), len(estimate.onset))
        _compare(ax, notes, estimate, matched)
        drawn = np.concatenate([notes.pitch, estimate.pitch])
    low, high = (int(drawn.min()), int(drawn.max())) if drawn.size else (60, 72)
    _name_rows(ax, "pitch", np.arange(low, high + 1), np.arange(low, high + 1))
    ax.set(xlabel="Time (s)", ylabel="Pitch", ylim=(low - 1, high + 1))
    return ax


@check.known_options
def autosimilarity(A: Any, *, boundaries: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """Draw how alike the bars of a song are, with the borders of its sections.

    Parameters
    ----------
    A : array or DataArray of shape (bars, bars)
        Symmetric, as of :func:`~tensorly_hdr.music.autosimilarity`.
    boundaries : sequence of int, optional
        First bar of each section, and the number of bars: as of :func:`~tensorly_hdr.music.segment`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The colour bar has axes of its own.

    Examples
    --------
    >>> autosimilarity(np.eye(4), boundaries=[0, 2, 4]).get_xlabel()
    'Bar'
    """
    values = check.as_array("A", A, ndim=2)
    check.same_size(rows_of_A=values.shape[0], columns_of_A=values.shape[1])
    borders = () if boundaries is None else check.as_array("boundaries", boundaries, ndim=1)
    ax = one(ax)
    n = len(values)
    drawn = ax.imshow(values, origin="upper", extent=(0, n, n, 0), interpolation="nearest")
    for border in borders:
        for draw in (ax.axvline, ax.axhline):
            draw(border, color="white", linewidth=2.5)
            draw(border, color=PALETTE["vermilion"], linewidth=1.2, linestyle="--")
    ax.figure.colorbar(drawn, ax=ax, label="Similarity")
    ax.grid(visible=False)
    ax.set(xlabel="Bar", ylabel="Bar")
    return ax


def _labelled(name: str, x: Any, dims: tuple[str, ...]) -> xr.DataArray:
    """Return ``x`` with these dimensions, in this order."""
    values = check.as_array(name, x, ndim=len(dims), nonneg=True)
    if not isinstance(x, xr.DataArray):
        return xr.DataArray(values, dims=dims)
    check.has_dims(name, x, dims)
    return x.transpose(*dims)


def _decibels(values: NDArray, depth: float) -> NDArray:
    """Decibels below the largest value, at least ``-depth``; all ``-depth`` without a positive value."""
    top = float(values.max()) or 1.0
    return np.asarray(20.0 * np.log10(np.maximum(values / top, 10.0 ** (-depth / 20.0))))


def _image(ax: Axes, x: xr.DataArray, values: NDArray, **options: Any) -> Any:
    """Image of a labelled matrix, its pixels centred at the coordinates, which are evenly spaced."""
    bottom, left = (_edges(x, dim) for dim in x.dims)
    ax.grid(visible=False)
    return ax.imshow(values, aspect="auto", origin="lower", extent=(*left, *bottom), interpolation="nearest", **options)


def _edges(x: xr.DataArray, dim: Any) -> tuple[float, float]:
    where = np.asarray(x[dim], dtype=float) if dim in x.coords else np.arange(float(x.sizes[dim]))
    half = 0.5 * (where[-1] - where[0]) / (len(where) - 1) if len(where) > 1 else 0.5
    return float(where[0] - half), float(where[-1] + half)


def _axis_label(x: xr.DataArray, dim: str, bare: str) -> str:
    return with_units(x[dim], dim.capitalize()) if dim in x.coords else bare


def _name(dim: str, value: Any) -> str:
    return pitch_name(int(value)) if dim == "pitch" else f"{dim} {value}"


def _name_rows(ax: Axes, dim: str, values: NDArray, places: NDArray) -> None:
    """Name the rows: every one if they are few; else every C, or whatever matplotlib picks for no pitches."""
    if dim != "pitch":
        return
    shown = np.ones(len(values), dtype=bool) if len(values) <= FEW else values % 12 == 0
    ax.set_yticks(places[shown], [pitch_name(int(p)) for p in values[shown]])


def _bars(ax: Axes, notes: Any, which: NDArray, **look: Any) -> None:
    length = (notes.offset - notes.onset)[which]
    ax.barh(notes.pitch[which], length, left=notes.onset[which], height=0.8, **look)


def _compare(ax: Axes, truth: Any, estimate: Any, pairs: NDArray) -> None:
    extra = np.setdiff1d(np.arange(len(estimate.onset)), pairs[:, 1])
    missed = np.setdiff1d(np.arange(len(truth.onset)), pairs[:, 0])
    _bars(ax, estimate, pairs[:, 1], color=PALETTE["blue"])
    _bars(ax, estimate, extra, facecolor=PALETTE["orange"], edgecolor="black", hatch="////", linewidth=0.5)
    _bars(ax, truth, missed, facecolor="none", edgecolor="black", linewidth=1.2)
    handles = [
        Patch(color=PALETTE["blue"], label=f"right ({len(pairs)})"),
        Patch(facecolor=PALETTE["orange"], edgecolor="black", hatch="////", label=f"extra ({len(extra)})"),
        Patch(facecolor="none", edgecolor="black", label=f"missed ({len(missed)})"),
    ]
    ax.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
