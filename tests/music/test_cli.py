"""The command: a file in, a MIDI file out; one line and exit code 2 for what cannot be done."""

import runpy
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import soundfile

from tensorly_hdr import cli, music
from tensorly_hdr.cli import main
from tensorly_hdr.music import Notes, note_score, read_midi, synthesize

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
    (where / "there.mid").write_bytes(b"the notes that were played")
    (where / "there.wav").write_bytes((where / "mono.wav").read_bytes())
    (where / "link.mid").hardlink_to(where / "mono.wav")
    head = bytearray((where / "mono.wav").read_bytes())
    for name, rate in (("corrupt.wav", 2**31 - 1), ("slow.wav", 2)):
        head[24:28] = rate.to_bytes(4, "little")
        (where / name).write_bytes(head)
    # the head of a flac file holds the number of samples in its last 36 bits but 128
    flac = bytearray((where / "stereo.flac").read_bytes())
    flac[21], flac[22:26] = flac[21] | 15, b"\xff" * 4
    (where / "vast.flac").write_bytes(flac)
    (where / "text.wav").write_text("this is no sound")
    soft.save(where / "soft.npz")
    return where


@pytest.mark.parametrize("name", ["mono.wav", "stereo.flac"])
def test_a_recording_becomes_a_midi_file_and_a_picture(name, folder, capsys):
    midi, picture = folder / "out.mid", folder / "out.png"
    arguments = [str(folder / name), "-o", str(midi), "--plot", str(picture), "--templates", str(folder / "soft.npz")]
    assert main(["transcribe", *arguments, "--quiet", "--force"]) == 0
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
        (["mono.wav", "-o", "same.png", "--plot", "same.png"], "would overwrite"),
        (["mono.wav", "--plot", "no/folder/out.png"], "there is no folder 'no/folder'"),
        (["mono.wav", "--plot", "out.unknown"], "unknown"),
        (["there.wav"], "'there.mid' exists; replace it by --force"),
        (["mono.wav", "-o", "there.mid"], "'there.mid' exists"),
        (["mono.wav", "--plot", "there.mid"], "'there.mid' exists"),
        (["mono.wav", "-o", "link.mid", "--force"], "would overwrite"),
        (["mono.wav", "-o", "soft.npz", "--force"], "would overwrite"),
        (["mono.wav", "-o", "-"], "'-' is no name of a file"),
        (["there.mid"], "'there.mid' is a MIDI file"),
        (["corrupt.wav"], "between 100 and 1000000 samples a second, got 2147483647"),
        (["slow.wav"], "between 100 and 1000000 samples a second, got 2"),
        (["vast.flac"], "samples, more than"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_two(arguments, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (folder / "mono.mid").unlink(missing_ok=True)
    monkeypatch.setattr(music, "write_midi", lambda *_: pytest.fail("a file was written"))
    first = [] if "--templates" in arguments else ["--templates", "soft.npz"]
    assert main(["transcribe", *arguments, *first, "--quiet"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tensorly-hdr: ")
    assert message in said.err
    assert said.err.count("\n") == 1


def test_what_cannot_be_written_is_refused_before_the_work(folder, monkeypatch, capsys):
    monkeypatch.setattr(music, "load_audio", lambda *_, **__: pytest.fail("the recording was read"))
    (folder / "mono.mid").unlink(missing_ok=True)
    for arguments in (["-o", "no/folder/a.mid"], ["--plot", "no/folder/a.png"], ["--plot", "a.unknown"]):
        assert main(["transcribe", str(folder / "mono.wav"), *arguments]) == 2
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    assert main(["transcribe", str(folder / "mono.wav"), "--plot", str(folder / "a.png")]) == 2
    assert 'matplotlib is needed here: pip install "tensorly-hdr[music] @ git' in capsys.readouterr().err


def test_names_with_spaces_and_accents_and_a_second_run(folder, capsys):
    where = folder / "für Élise ♪"
    where.mkdir()
    (where / "op. 59.wav").write_bytes((folder / "mono.wav").read_bytes())
    for again in ([], ["-f"]):
        assert main(["transcribe", str(where / "op. 59.wav"), "--templates", str(folder / "soft.npz"), *again]) == 0
    assert note_score(TRUTH, read_midi(where / "op. 59.mid")).f == 1.0
    assert "op. 59.mid" in capsys.readouterr().out


def test_a_file_that_exists_is_left_alone_and_replaced_when_asked(folder):
    arguments = ["transcribe", str(folder / "there.wav"), "--templates", str(folder / "soft.npz"), "--quiet"]
    assert main(arguments) == 2
    assert (folder / "there.mid").read_bytes() == b"the notes that were played"
    assert main([*arguments, "-f"]) == 0
    assert note_score(TRUTH, read_midi(folder / "there.mid")).f == 1.0


@pytest.mark.parametrize("error", [MemoryError("119 GiB"), RecursionError("deep"), OverflowError("large")])
def test_what_the_machine_cannot_hold_is_one_line(error, folder, monkeypatch, capsys):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(music, "transcribe", fails)
    assert main(["transcribe", str(folder / "mono.wav"), "-o", str(folder / "new.mid"), "--quiet"]) == 2
    assert str(error) in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["transcribe", "--help"], ["transcribe"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\nfrom tensorly_hdr.cli import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit:\n    pass\n"
        "sys.exit(' '.join({'numpy', 'scipy', 'numba', 'matplotlib', 'xarray'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "usage: " in done.stdout + done.stderr) == (0, True), done.stderr


def test_it_is_stopped_without_a_traceback(folder, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(music, "transcribe", stopped)
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
