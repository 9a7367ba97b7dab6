"""Commissioning in tests: the command as a person types it, films to commission from, a reference as it is kept."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from edge.cli import execute
from edge.contract.instants import parse_rfc3339
from edge.domain.commissioned_view import CommissionedLight, CommissionedView
from edge.storage.reference_files import ReferenceFiles, StoredReference
from tests.edge.devices.test_calibration_files import OWN
from tests.edge.street import Light, street

WHO = ("--by", "Li Wei", "--reason", "mounted")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def ran(*words: object) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = execute([str(word) for word in words])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def recording(path: Path, *, count: int = 8, light: Light | None = None, scale: float = 0.5, apart_s: int = 10) -> Path:
    """Key frames alone, `apart_s` seconds apart."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=Fraction(1, apart_s))
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "ultrafast", "crf": "20", "g": "1"}
        stream.width, stream.height = int(960 * scale), int(544 * scale)
        for number in range(count):
            picture = cv2.resize(street(number=number, light=light or Light()), (stream.width, stream.height))
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture, np.uint8), format="gray8")))
        output.mux(stream.encode(None))
    return path


def calibration_file(folder: Path, **changed: object) -> Path:
    """One that is fit for the street of these tests."""
    path = folder / "camera.json"
    matrix = [[600, 0, 240], [0, 600, 136], [0, 0, 1]]
    own = {**OWN, "image_width_px": 480, "image_height_px": 272, "camera_matrix": matrix, **changed}
    del own["road_plane"]
    path.write_text(json.dumps(own))
    return path


ARRAYS = b"arrays"


def kept(folder: Path, device: str = "MON07") -> StoredReference:
    """A reference as the command keeps it, without looking at pictures."""
    light = CommissionedLight(
        light="day", pictures=8, agreement=0.9, detail=0.2, luma=110, sway_percent=0.01, shift_limit_percent=0.3
    )

    def view_of(number: int, before: StoredReference | None) -> CommissionedView:
        return CommissionedView(
            device=device,
            number=number,
            commissioned=parse_rfc3339(f"2026-11-22T08:00:{number:02d}Z"),
            by="Li Wei",
            reason="mounted",
            width_px=960,
            height_px=540,
            working_px=(480, 270),
            lights=(light,),
            arrays_sha256=hashlib.sha256(ARRAYS).hexdigest(),
            replaces=None if before is None else before.sha256,
        )

    return ReferenceFiles(folder).keep(device, view_of, arrays=ARRAYS, picture=b"picture")
