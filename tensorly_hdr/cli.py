"""The command ``tensorly-hdr``: ``tensorly-hdr transcribe recording.wav -o out.mid --plot out.png``.

Every error that a user can cause is one line on the standard error, and the exit code 2. No file is replaced unless
``--force`` says so: beside a recording there often lie the notes that were played. What is slow to import is imported
when it is needed, ``--help`` needs none of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorly_hdr.music import Transcription

FAILED = 2
STOPPED = 130  # what shells return after Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code."""
    asked = _parser().parse_args(argv)
    try:
        _transcribe(asked)
    except (OSError, ValueError, TypeError, ImportError) as error:
        return _failed(str(error))
    except (MemoryError, RecursionError, OverflowError) as error:
        return _failed(f"{asked.recording!r} or its templates take more than this machine has ({error}).")
    except KeyboardInterrupt:
        print("tensorly-hdr: stopped", file=sys.stderr)
        return STOPPED
    return 0


def _failed(reason: str) -> int:
    print(f"tensorly-hdr: {' '.join(reason.split())}", file=sys.stderr)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tensorly-hdr", description="Regularized low-rank approximations at work.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "transcribe",
        help="write the notes of a piano recording as a MIDI file",
        description="Write the notes of a recording as a MIDI file, by convolutive nonnegative matrix factorization "
        "with known templates of all notes.",
    )
    command.add_argument("recording", help="wav, flac, ogg or mp3 file; stereo is mixed to mono")
    command.add_argument("-o", "--output", metavar="MIDI", help="MIDI file to write (default: beside the recording)")
    command.add_argument("-f", "--force", action="store_true", help="replace files that exist (default: refuse)")
    command.add_argument("--plot", metavar="IMAGE", help="draw spectrogram, activations and notes: a png, svg or pdf")
    command.add_argument("--templates", default="piano", help="file of learnt templates (.npz; default: a grand piano)")
    command.add_argument(
        "--adapt", nargs="?", type=_pull, const=True, default=False, metavar="PULL",
        help="let the templates follow the recording, for a piano unlike the one of the templates; "
        "the larger PULL, the less they move (default: 1)",
    )  # fmt: skip
    command.add_argument(
        "--threshold", type=float,
        help="lower: more notes; higher: fewer (default: that of the templates, shown at the end)",
    )  # fmt: skip
    command.add_argument("--min-duration", type=float, default=0.0, metavar="SECONDS", help="leave shorter notes out")
    command.add_argument("--quiet", action="store_true", help="no progress bar, no summary")
    return parser


def _pull(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; write the recording before --adapt") from None


def _transcribe(asked: argparse.Namespace) -> None:
    from tensorly_hdr import _validation as check
    from tensorly_hdr import music
    from tensorly_hdr.music.transcribe import SILENCE, as_templates

    output = _output(asked)
    canvas = _canvas(asked, output) if asked.plot else None
    templates = as_templates(asked.templates)
    # at its own level: noise far below hearing is silence here too
    audio = music.load_audio(asked.recording, target_rate=templates.rate, peak=None, allow_silence=True)
    check.audible(asked.recording, audio.values, SILENCE)
    found = music.transcribe(
        audio,
        templates=templates,
        adapt=asked.adapt,
        threshold=asked.threshold,
        min_duration=asked.min_duration,
        progress=not asked.quiet,
    )
    music.write_midi(found.notes, output)
    if canvas is not None:
        _draw(found, canvas, asked.plot)
    if not asked.quiet:
        seconds = audio.sizes["time"] / templates.rate
        limits = " to ".join(dict.fromkeys(f"{x:.2g}" for x in (found.threshold.min(), found.threshold.max())))
        print(f"{len(found.notes)} notes in {seconds:.1f} s of sound, threshold {limits}: {output}")


def _output(asked: argparse.Namespace) -> Path:
    """Name of the MIDI file; what cannot be read or written is refused here, not after minutes of work."""
    from tensorly_hdr import _validation as check

    check.file_there("the recording", asked.recording)
    check.is_recording(asked.recording)
    output = Path(asked.output or Path(asked.recording).with_suffix(".mid"))
    check.can_write("-o", output, _read(asked), replace=asked.force)
    return output


def _read(asked: argparse.Namespace) -> list[str]:
    """Return the files that the command reads, and never writes."""
    return [asked.recording, asked.templates]


def _canvas(asked: argparse.Namespace, output: Path) -> Any:
    """Kind of canvas that can draw the picture that is asked for."""
    from tensorly_hdr import _validation as check
    from tensorly_hdr.music._extra import package

    canvas = package("matplotlib.backends.backend_agg").FigureCanvasAgg
    check.can_write("--plot", asked.plot, [*_read(asked), output], replace=asked.force)
    check.choice("the ending of --plot", _ending(asked.plot), canvas.get_supported_filetypes())
    return canvas


def _ending(file: str) -> str:
    return Path(file).suffix[1:].lower() or "png"


def _draw(found: Transcription, canvas: Any, file: str) -> None:
    """Draw three panels: spectrogram, activations, notes."""
    from matplotlib.figure import Figure

    from tensorly_hdr import plotting
    from tensorly_hdr.music._files import replacing

    with plotting.style():
        figure = Figure(figsize=(10, 9), layout="constrained")
        canvas(figure)
        above, middle, below = figure.subplots(3, 1, sharex=True)
        plotting.music.spectrogram(found.spectrogram ** (1.0 / found.templates.power), ax=above)
        plotting.music.activations(found.activations, ax=middle)
        plotting.music.piano_roll(found.notes, ax=below)
        with replacing(file) as whole:
            figure.savefig(whole, format=_ending(file))


if __name__ == "__main__":
    sys.exit(main())
