"""Small films for tests: rendered by PyAV, then broken on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

FRAMES_PER_SECOND = 10
_TICKS_PER_SECOND = 1000


def film(
    path: Path,
    *,
    seconds: float = 4.0,
    ticks_ms: Iterable[int] | None = None,
    container: str | None = None,
    created: str | None = None,
    options: dict[str, str] | None = None,
    seed: int = 0,
) -> Path:
    """A film of moving grey bars; frames every 100 ms, or at `ticks_ms`. `container` is FFmpeg's name of the format."""
    times_ms = list(range(0, round(seconds * 1000), 1000 // FRAMES_PER_SECOND)) if ticks_ms is None else list(ticks_ms)
    with av.open(str(path), "w", format=container, options=options or {}) as output:
        if created is not None:
            output.metadata["creation_time"] = created
        stream = output.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        stream.codec_context.time_base = Fraction(1, _TICKS_PER_SECOND)
        stream.codec_context.gop_size = FRAMES_PER_SECOND
        noise = np.random.default_rng(seed)
        for number, at_ms in enumerate(times_ms):
            picture = noise.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            picture[:, number % 64] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = at_ms, Fraction(1, _TICKS_PER_SECOND)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def cut(path: Path, share: float) -> Path:
    """Keep the first `share` of the bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path
