"""The package imports without its extra; what is missing is named when it is needed."""

import io
import subprocess
import sys

import numpy as np
import pytest

from tensorly_hdr.music import Notes, boundary_score, note_score, read_midi, write_midi

NOTES = Notes([0.0], [1.0], [60])
OPTIONAL = ["soundfile", "pretty_midi", "mido", "mir_eval", "midirenderer", "matplotlib"]


def test_importing_music_loads_nothing_optional():
    code = (
        "import sys, tensorly_hdr.music as m; m.spectrogram([0.0] * 5000, 8000)\n"
        f"m.synthesize(m.Notes([0], [1], [60])); print([p for p in {OPTIONAL} if p in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("pretty_midi", lambda: write_midi(NOTES, io.BytesIO())),
        ("pretty_midi", lambda: read_midi(io.BytesIO(b"MThd"))),
        ("mir_eval.transcription", lambda: note_score(NOTES, NOTES)),
        ("mir_eval.util", lambda: boundary_score(np.arange(2.0), np.arange(2.0))),
    ],
)
def test_a_missing_package_is_named(monkeypatch, module, call):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r'is needed here: pip install "tensorly-hdr\[music\] @ git'):
        call()
