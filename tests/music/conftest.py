"""Dictionaries that several tests use: learnt once, from notes of the small additive piano."""

import pytest

from tensorly_hdr.music import Notes, Templates, Tone, learn_templates, synthesize

# dies away as fast as a guitar, so that a short recording of a note holds most of it
PLUCKED = Tone(decay=0.2)
SETTINGS = {"n_taps": 10, "n_iter": 8, "max_shift": 0, "seconds": 0.5}


def isolated(tone, pitches):
    """Recordings of single notes, as loud one relative to the other as the instrument plays them."""
    return {p: synthesize(Notes([0.1], [0.6], [p]), tone, peak=None) for p in pitches}


@pytest.fixture(scope="session")
def plucked() -> Templates:
    """All 88 notes of an instrument without dampers."""
    return learn_templates(isolated(PLUCKED, range(21, 109)), **SETTINGS, source={"name": "plucked"})


@pytest.fixture(scope="session")
def soft() -> Templates:
    """Two octaves of the soft piano."""
    return learn_templates(isolated("soft", range(55, 80)), **SETTINGS, source={"name": "soft", "licence": "none"})


def play(notes, **options):
    """Play notes on the instrument of the fixture ``plucked``."""
    return synthesize(notes, PLUCKED, **options)
