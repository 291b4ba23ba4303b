"""Transcribe the recordings with two deep networks, in an environment of their own (see README.md).

    python experiments/music/peers.py AUDIO PEERS [basic-pitch] [transkun]

AUDIO is what ``run.py FOLDER --wav AUDIO`` wrote; PEERS is for ``run.py FOLDER --peers PEERS``. Both networks come with
their weights inside their packages and run as they come, default options. Times are of the processor; set
OMP_NUM_THREADS=1 for one thread.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from unittest.mock import MagicMock

Peer = Callable[[Path, Path], None]


def basic_pitch() -> Peer:
    """Return basic-pitch (Spotify, Apache 2.0), on ONNX Runtime."""
    from basic_pitch import FilenameSuffix, build_icassp_2022_model_path
    from basic_pitch.inference import Model, predict

    model = Model(build_icassp_2022_model_path(FilenameSuffix.onnx))
    return lambda wav, midi: predict(str(wav), model)[1].write(str(midi))


def transkun() -> Peer:
    """Return transkun (Yujia Yan, MIT), on PyTorch, by its own command."""
    # of torchaudio it needs one function in Python: the compiled part, made for GPUs, may be missing
    import torch

    torch.ops.torchaudio = MagicMock()
    sys.modules["torchaudio._extension"] = MagicMock(__spec__=None)
    from transkun.transcribe import main

    def transcribed(wav: Path, midi: Path) -> None:
        sys.argv = ["transkun", str(wav), str(midi), "--device", "cpu"]
        main()

    return transcribed


def main() -> None:
    audio, out = Path(sys.argv[1]), Path(sys.argv[2])
    wanted = sys.argv[3:] or ["basic-pitch", "transkun"]
    for name, make in {"basic-pitch": basic_pitch, "transkun": transkun}.items():
        if name not in wanted:
            continue
        transcribe = make()
        for recording in sorted(f for f in audio.iterdir() if f.is_dir()):
            folder = out / name / recording.name
            folder.mkdir(parents=True, exist_ok=True)
            start = process_time()
            for wav in sorted(recording.glob("*.wav")):
                transcribe(wav, folder / f"{wav.stem}.mid")
            (folder / "seconds.json").write_text(json.dumps(process_time() - start))
            print(name, recording.name, f"{process_time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
