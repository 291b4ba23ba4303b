"""The command: a file in, a MIDI file out; one line and exit code 2 for what cannot be done."""

import runpy
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import soundfile

from tensorly_hdr.music import Notes, cli, note_score, read_midi, synthesize
from tensorly_hdr.music.cli import main

TRUTH = Notes([0.2, 0.2, 0.7], [0.6, 0.6, 1.0], [60, 67, 64])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, soft):
    where = tmp_path_factory.mktemp("recordings")
    sound = synthesize(TRUTH, "soft").values
    soundfile.write(where / "mono.wav", sound, 44_100)
    soundfile.write(where / "stereo.flac", np.stack([sound, 0.5 * sound], axis=1), 44_100)
    soundfile.write(where / "silent.wav", np.zeros(44_100), 44_100)
    soundfile.write(where / "short.wav", np.ones(500), 44_100)
    soundfile.write(
        where / "hiss.wav", 1e-6 * np.random.default_rng(0).standard_normal(44_100), 44_100, subtype="FLOAT"
    )
    soundfile.write(where / "cancel.wav", np.stack([sound, -sound], axis=1), 44_100)
    soundfile.write(where / "nothing.wav", np.zeros(0), 44_100)
    (where / "empty.wav").write_bytes(b"")
    (where / "folder").mkdir()
    (where / "text.wav").write_text("this is no sound")
    soft.save(where / "soft.npz")
    return where


@pytest.mark.parametrize("name", ["mono.wav", "stereo.flac"])
def test_a_recording_becomes_a_midi_file_and_a_picture(name, folder, capsys):
    midi, picture = folder / "out.mid", folder / "out.png"
    arguments = [str(folder / name), "-o", str(midi), "--plot", str(picture), "--templates", str(folder / "soft.npz")]
    assert main(["transcribe", *arguments, "--quiet"]) == 0
    assert note_score(TRUTH, read_midi(midi)).f == 1.0
    assert plt.imread(picture).shape[2] == 4
    assert not plt.get_fignums()
    assert capsys.readouterr() == ("", "")


def test_the_midi_file_lies_beside_the_recording_by_default_and_a_bar_is_shown(folder, capsys):
    assert main(["transcribe", str(folder / "mono.wav"), "--templates", str(folder / "soft.npz"), "--adapt"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("3 notes in 1.5 s of sound, threshold 0.3: ")
    assert "it/s" in said.err or "s/it" in said.err or "%" in said.err
    assert note_score(TRUTH, read_midi(folder / "mono.mid")).f == 1.0


def test_the_shipped_piano_is_used_by_default(folder):
    assert main(["transcribe", str(folder / "mono.wav"), "-o", str(folder / "piano.mid"), "--quiet"]) == 0
    assert note_score(TRUTH, read_midi(folder / "piano.mid")).recall > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.wav"], "there is no file"),
        (["empty.wav"], "is empty"),
        (["text.wav"], "cannot be read"),
        (["silent.wav"], "'silent.wav' is silent"),
        (["hiss.wav"], "is silent"),
        (["cancel.wav"], "channels do not cancel"),
        (["nothing.wav"], "'nothing.wav' is empty"),
        (["folder"], "is a folder"),
        (["short.wav"], "too short"),
        (["mono.wav", "--templates", "text.wav"], "cannot be read"),
        (["mono.wav", "--templates", "guitar"], "there is no file"),
        (["mono.wav", "--threshold", "-1"], "threshold"),
        (["mono.wav", "--adapt", "-1"], "adapt"),
        (["mono.wav", "-o", "no/such/folder/out.mid"], "no/such/folder"),
        (["mono.wav", "-o", "folder"], "is a folder"),
        (["mono.wav", "-o", "./mono.wav"], "would overwrite"),
        (["mono.wav", "--plot", "mono.wav"], "would overwrite"),
        (["mono.wav", "-o", "out.png", "--plot", "out.png"], "would overwrite"),
        (["mono.wav", "--plot", "no/folder/out.png"], "there is no folder 'no/folder'"),
        (["mono.wav", "--plot", "out.unknown"], "unknown"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_two(arguments, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(cli, "write_midi", lambda *_: pytest.fail("a file was written"))
    first = [] if "--templates" in arguments else ["--templates", "soft.npz"]
    assert main(["transcribe", *arguments, *first, "--quiet"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tensorly-hdr: ")
    assert message in said.err
    assert said.err.count("\n") == 1


def test_what_cannot_be_written_is_refused_before_the_work(folder, monkeypatch, capsys):
    monkeypatch.setattr(cli, "load_audio", lambda *_, **__: pytest.fail("the recording was read"))
    for arguments in (["-o", "no/folder/a.mid"], ["--plot", "no/folder/a.png"], ["--plot", "a.unknown"]):
        assert main(["transcribe", str(folder / "mono.wav"), *arguments]) == 2
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    assert main(["transcribe", str(folder / "mono.wav"), "--plot", str(folder / "a.png")]) == 2
    assert 'matplotlib is needed here: pip install "tensorly-hdr[music] @ git' in capsys.readouterr().err


def test_names_with_spaces_and_accents_and_a_second_run(folder, capsys):
    where = folder / "für Élise ♪"
    where.mkdir()
    (where / "op. 59.wav").write_bytes((folder / "mono.wav").read_bytes())
    for _ in range(2):
        assert main(["transcribe", str(where / "op. 59.wav"), "--templates", str(folder / "soft.npz")]) == 0
    assert note_score(TRUTH, read_midi(where / "op. 59.mid")).f == 1.0
    assert "op. 59.mid" in capsys.readouterr().out


def test_it_is_stopped_without_a_traceback(folder, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "transcribe", stopped)
    assert main(["transcribe", str(folder / "mono.wav"), "--quiet"]) == 130
    assert capsys.readouterr().err == "tensorly-hdr: stopped\n"


def test_the_module_runs_as_the_command_does(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tensorly-hdr", "transcribe", "nowhere.wav"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(cli.__file__, run_name="__main__")
    assert stopped.value.code == 2
    assert "there is no file 'nowhere.wav'" in capsys.readouterr().err


def test_a_missing_extra_is_named(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert main(["transcribe", str(folder / "mono.wav")]) == 2
    assert 'pip install "tensorly-hdr[music] @ git' in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["transcribe"], ["transcribe", "--adapt", "a.wav"]])
def test_wrong_use_shows_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "usage: tensorly-hdr" in said
    assert "--adapt" not in arguments or "write the recording before --adapt" in said


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["transcribe", "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert all(option in shown for option in ("--output", "--plot", "--templates", "--adapt", "--threshold"))
    assert "None" not in shown
