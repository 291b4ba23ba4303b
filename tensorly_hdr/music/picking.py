"""From activations to notes: contrast, peaks, thresholds, ends, loudness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW = 10  # frames on each side of the moving mean
GAP = 5  # frames, a tenth of a second, within which one key is not struck twice
ATTACK = 9  # frames after its peak in which a note is loudest
STRONG = 1.0 / 3.0  # of the highest peak: what is as high belongs to notes, not to their ghosts
RELEASE = 0.1
"""A note ends when its amplitude falls to this fraction of its largest."""


def contrast(H: NDArray) -> NDArray:
    """Activations (N, r) less their mean over the ten frames before, the ten after, and the frame itself.

    At the ends the mean goes over the frames that there are.

    Examples
    --------
    >>> contrast(np.ones((4, 1))).T
    array([[0., 0., 0., 0.]])
    """
    n = len(H)
    sums = np.concatenate([np.zeros((1, H.shape[1])), np.cumsum(H, axis=0, dtype=np.float64)])
    frames = np.arange(n)
    first, last = np.maximum(frames - WINDOW, 0), np.minimum(frames + WINDOW + 1, n)
    return np.asarray(H - (sums[last] - sums[first]) / (last - first)[:, None])


@dataclass(frozen=True)
class Peaks:
    """Local maxima of the contrast, at least five frames apart: ``frame``, ``key`` (column), ``height``."""

    frame: NDArray
    key: NDArray
    height: NDArray

    def above(self, threshold: NDArray) -> Peaks:
        """Peaks that pass the threshold of their key."""
        kept = self.height > threshold[self.key]
        return Peaks(self.frame[kept], self.key[kept], self.height[kept])

    @property
    def usual(self) -> float:
        """Height of the usual note: the median of the peaks that are at least a third of the highest; 0 without peaks.

        Unlike a quantile of the activations it does not depend on how long the recording is.
        """
        if not self.height.size:
            return 0.0
        return float(np.median(self.height[self.height >= STRONG * self.height.max()]))


def peaks(H: NDArray) -> Peaks:
    """Peaks of the contrast of activations (N, r), those above zero, sorted by key, then time."""
    C = contrast(H)
    around = np.pad(C, ((GAP, GAP), (0, 0)), constant_values=-np.inf)
    n = len(C)
    # of equal neighbours the first is the peak
    top = (C > 0) & np.logical_and.reduce([around[GAP - k : GAP - k + n] < C for k in range(1, GAP)])
    top &= np.logical_and.reduce([around[GAP + k : GAP + k + n] <= C for k in range(1, GAP)])
    key, frame = np.nonzero(top.T)
    return Peaks(frame, key, C[frame, key])


def ends(envelope: NDArray, found: Peaks, release: float) -> NDArray:
    """Frame at which each note ends: its key sounds at ``release`` of its loudest, or is struck again.

    ``envelope`` (N, r) is how much of the sound the model gives to each key; ``found`` is sorted by key, then time.
    """
    n = len(envelope)
    out = np.empty(len(found.frame), dtype=int)
    again = np.append(found.key[1:] == found.key[:-1], False)
    for k, (frame, key) in enumerate(zip(found.frame, found.key, strict=True)):
        limit = int(found.frame[k + 1]) if again[k] else n
        sound = envelope[frame:limit, key]
        loudest = int(sound[:ATTACK].argmax())
        quiet = sound[loudest:] < release * sound[loudest]
        out[k] = frame + loudest + int(quiet.argmax()) if quiet.any() else limit
    return out
