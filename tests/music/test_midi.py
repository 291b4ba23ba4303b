"""Notes and MIDI files: there and back, to a tick."""

import io

import numpy as np
import pytest

from tensorly_hdr.music import Notes, read_midi, write_midi
from tensorly_hdr.music.midi import TICK


def random_notes(rng, n=200):
    """Notes on a free clock; no key is struck while it is down."""
    onset, offset, pitch = [], [], []
    free = dict.fromkeys(range(21, 109), 0.0)
    for _ in range(n):
        p = int(rng.integers(21, 109))
        begin = free[p] + rng.uniform(0.002, 3.0)
        end = begin + rng.uniform(0.002, 2.0)
        free[p] = end
        onset.append(begin)
        offset.append(end)
        pitch.append(p)
    return Notes(onset, offset, pitch, rng.integers(1, 128, n))


def there_and_back(notes):
    file = io.BytesIO()
    write_midi(notes, file)
    file.seek(0)
    return read_midi(file)


def test_round_trip_to_a_tick(rng):
    notes = random_notes(rng)
    back = there_and_back(notes)
    assert len(back) == len(notes)
    order = np.lexsort((notes.pitch, np.round(notes.onset / TICK)))  # notes of one tick are sorted by pitch
    np.testing.assert_array_equal(back.pitch, notes.pitch[order])
    np.testing.assert_array_equal(back.velocity, notes.velocity[order])
    np.testing.assert_allclose(back.onset, notes.onset[order], atol=0.5001 * TICK)
    np.testing.assert_allclose(back.offset, notes.offset[order], atol=0.5001 * TICK)


def test_the_second_round_trip_changes_nothing(rng):
    once = there_and_back(random_notes(rng))
    twice = there_and_back(once)
    for name in ("onset", "offset", "pitch", "velocity"):
        np.testing.assert_array_equal(getattr(once, name), getattr(twice, name))


def test_paths_work_and_no_notes_too(tmp_path):
    write_midi(Notes([], [], []), tmp_path / "a.mid")
    assert len(read_midi(tmp_path / "a.mid")) == 0
    write_midi(Notes([1.0], [2.0], [60]), str(tmp_path / "b.mid"))
    assert read_midi(str(tmp_path / "b.mid")).end == 2.0


def test_a_key_that_is_struck_again_goes_up_first():
    back = there_and_back(Notes([0.0, 0.5], [1.0, 0.8], [60, 60], [30, 90]))
    np.testing.assert_allclose(back.intervals, [[0.0, 0.5], [0.5, 0.8]])
    assert back.velocity.tolist() == [30, 90]


def test_of_two_notes_that_begin_together_the_longer_is_kept():
    back = there_and_back(Notes([0.5, 0.5], [0.8, 1.0], [60, 60]))
    np.testing.assert_allclose(back.intervals, [[0.5, 1.0]])


def test_repeated_notes_without_a_gap_stay_apart():
    notes = Notes([0.0, 0.1, 0.2], [0.1, 0.2, 0.3], [60, 60, 60])
    np.testing.assert_allclose(there_and_back(notes).intervals, notes.intervals)


def test_short_notes_last_a_tick():
    np.testing.assert_allclose(there_and_back(Notes([1.0], [1.0001], [60])).intervals, [[1.0, 1.0 + TICK]])


def test_a_file_lasts_beyond_its_last_note_if_asked():
    mido = pytest.importorskip("mido")
    lengths = []
    for silence in (0.0, 0.5):
        file = io.BytesIO()
        write_midi(Notes([0.5], [1.0], [60]), file, silence=silence)
        lengths.append(mido.MidiFile(file=io.BytesIO(file.getvalue())).length)
    np.testing.assert_allclose(lengths, [1.0, 1.5], atol=2 * TICK)


def test_drums_and_pedals_are_left_out():
    midi = pytest.importorskip("pretty_midi")
    score = midi.PrettyMIDI()
    for is_drum in (False, True):
        player = midi.Instrument(0, is_drum=is_drum)
        player.notes.append(midi.Note(80, 60, 0.0, 1.0))
        player.control_changes.append(midi.ControlChange(64, 127, 0.0))
        score.instruments.append(player)
    file = io.BytesIO()
    score.write(file)
    file.seek(0)
    np.testing.assert_allclose(read_midi(file).intervals, [[0.0, 1.0]])


def test_bad_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        read_midi(tmp_path / "nowhere.mid")
    for name, content in (("empty.mid", b""), ("text.mid", b"not music"), ("cut.mid", b"MThd\x00\x00\x00\x06\x00")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=r"empty|cannot be read"):
            read_midi(tmp_path / name)


@pytest.mark.parametrize(
    ("find", "change"),
    [
        (b"MThd\0\0\0\6\0\1\0\2\1\xf4", b"MThd\0\0\0\6\0\1\0\2\0\0"),  # no tick a quarter note
        (b"\xff\x51\3\7\xa1\x20", b"\xff\x51\3\0\0\0"),  # a quarter note of no time
        (b"\xff\x58\4\4\2\x18\x08", b"\xff\x59\2\0\xa1\0\xff\1\0"[:7]),  # a key that is none
    ],
)
def test_spoiled_files_are_refused(find, change):
    file = io.BytesIO()
    write_midi(Notes([0.5], [1.0], [60]), file)
    assert find in file.getvalue()
    with pytest.raises(ValueError, match="cannot be read"):
        read_midi(io.BytesIO(file.getvalue().replace(find, change)))


@pytest.mark.parametrize("cut", [14, 20, 30, 40])
def test_truncated_files_are_refused(cut):
    file = io.BytesIO()
    write_midi(Notes([0.5, 1.0], [1.0, 2.0], [60, 64]), file)
    with pytest.raises(ValueError, match="cannot be read"):
        read_midi(io.BytesIO(file.getvalue()[:cut]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: write_midi([(0, 1, 60)], io.BytesIO()), "notes must be Notes"),
        (lambda: write_midi(Notes([0.0], [1.0], [60]), io.BytesIO(), program=200), "program"),
        (lambda: write_midi(Notes([0.0], [1.0], [60]), io.BytesIO(), silence=-1), "silence"),
        (lambda: Notes([0.0, 1.0], [1.0], [60]), "sizes must agree"),
        (lambda: Notes([1.0], [1.0], [60]), "later than onset"),
        (lambda: Notes([-1.0], [1.0], [60]), "nonnegative"),
        (lambda: Notes([np.nan], [1.0], [60]), "NaN"),
        (lambda: Notes([0.0], [1.0], [128]), "between 0 and 127"),
        (lambda: Notes([0.0], [1.0], [60.5]), "between 0 and 127"),
        (lambda: Notes([0.0], [1.0], [60], 0), "between 1 and 127"),
        (lambda: Notes([0.0], [1.0], ["C4"]), "whole numbers"),
    ],
)
def test_bad_notes_are_refused(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


def test_notes_are_sorted_and_cannot_be_changed():
    notes = Notes([1.0, 0.0, 0.0], [2.0, 1.0, 1.0], [60, 72, 48], [1, 2, 3])
    assert notes.pitch.tolist() == [48, 72, 60]
    assert notes.velocity.tolist() == [3, 2, 1]
    with pytest.raises(ValueError, match="read-only"):
        notes.onset[0] = 5.0


def test_an_excerpt_counts_from_its_start(rng):
    notes = random_notes(rng)
    part = notes.excerpt(1.0, 3.0)
    assert len(part) == ((notes.onset >= 1.0) & (notes.onset < 3.0)).sum()
    assert part.end <= 2.0


def test_the_roll_counts_each_note():
    roll = Notes([0.0, 0.1], [0.2, 0.3], [60, 61]).roll(np.arange(5) * 0.1 + 0.05)
    assert roll.sum("time").sel(pitch=[60, 61]).values.tolist() == [2, 2]
    assert int(roll.sum()) == 4
