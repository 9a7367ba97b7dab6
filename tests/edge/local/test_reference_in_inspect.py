"""`inspect` with a gateway's settings holds a monitor's recordings against its commissioning, and says so."""

from __future__ import annotations

import contextlib
import io
import json
from fractions import Fraction
from pathlib import Path

import av
import cv2

from edge.cli import execute
from tests.edge.street import Camera, street


def ran(*words: object) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert execute([str(word) for word in words]) == 0
    return out.getvalue()


def recording(path: Path, camera: Camera) -> Path:
    """Eight key frames, ten seconds apart."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=1)
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "ultrafast", "g": "1"}
        stream.width, stream.height, stream.codec_context.time_base = 960, 544, Fraction(1, 1000)
        for number in range(8):
            picture = cv2.resize(street(number=number, camera=camera), (960, 544))
            frame = av.VideoFrame.from_ndarray(picture, format="gray8")
            frame.pts, frame.time_base = number * 10_000, Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_a_reference_that_was_tampered_with_costs_the_comparison_alone_and_is_told(tmp_path: Path) -> None:
    data, source = tmp_path / "gateway", tmp_path / "recordings"
    source.mkdir()
    ran("init", "--data", data, "--source", source, "--lang", "en")
    as_mounted = recording(source / "MON07_20261121080000_0001.mp4", Camera())
    ran("commission", "MON07", "--from", as_mounted, "--by", "Li Wei", "--reason", "mounted", "--data", data)
    (arrays,) = (data / "references").rglob("*.npz")
    kept = bytearray(arrays.read_bytes())
    kept[len(kept) // 2] ^= 1
    arrays.write_bytes(kept)
    (file,) = json.loads(ran("inspect", source, "--config", data / "edge.toml", "--json"))["files"]
    assert (file["reference"]["state"], file["reference"]["samples"]) == ("unknown", 0)
    assert file["view_model"]
    assert [stretch["state"] for stretch in file["view"]] != ["unknown"]
    said = " ".join(ran("inspect", source, "--config", data / "edge.toml", "--lang", "en").split())
    assert "commission it anew" in said
    chinese = ran("inspect", source, "--config", data / "edge.toml", "--lang", "zh-CN")
    assert "用commission重新建立" in "".join(chinese.split())


def test_a_recording_of_a_moved_monitor_is_told_with_its_movement(tmp_path: Path) -> None:
    data, source = tmp_path / "gateway", tmp_path / "recordings"
    source.mkdir()
    ran("init", "--data", data, "--source", source, "--lang", "en")
    as_mounted = recording(source / "MON07_20261121080000_0001.mp4", Camera())
    ran("commission", "MON07", "--from", as_mounted, "--by", "Li Wei", "--reason", "mounted", "--data", data)
    recording(source / "MON07_20261121080200_0002.mp4", Camera(dx_px=40))
    told = ran("inspect", source, "--config", data / "edge.toml", "--json")
    still, moved = (file["reference"] for file in json.loads(told)["files"])
    assert (still["state"], moved["state"]) == ("ok", "suspect")  # seventy seconds prove nothing yet
    assert abs(moved["dx_px"] - 20) < 0.5
    said = " ".join(ran("inspect", source, "--config", data / "edge.toml", "--lang", "en").split())
    assert "The view differs from its commissioning" in said
    assert "20 px right" in said
