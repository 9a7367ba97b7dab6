"""What `tallylight-edge commission` runs in a limited worker: pictures in files become a reference, as JSON."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av.logging
import cv2
import numpy as np
from numpy.typing import NDArray

from edge.domain.commissioned_view import Box, Light, ViewMeasured
from edge.domain.reference_check import ReferenceLimits
from edge.footage.reference_arrays import packed, read_reference
from edge.footage.reference_pictures import NativePicture, pictures_of
from edge.footage.reference_views import (
    MAX_PICTURES,
    MadeReference,
    NotCommissionableError,
    make_reference,
    with_other_light,
)

_WANTED = 2 * MAX_PICTURES
_LEAST_PER_FILE = 4


def commission_call(argument: dict[str, Any]) -> dict[str, Any]:
    """{"files": [{"path", "name"}], "light", "masks", "limits", optional "before"} in; {"measured", "arrays",
    "picture", "left_out", "pictures"} out, arrays (.npz) and picture (.png) in base64; or {"refused", "values"}.
    """
    av.logging.set_level(None)
    cv2.setNumThreads(1)
    limits = ReferenceLimits(**argument["limits"])
    masks = [(left, top, wide, tall) for left, top, wide, tall in argument["masks"]]
    try:
        pictures, counts = _pictures(argument["files"])
        made = make_reference(
            [picture.luma for picture in pictures],
            native_px=pictures[0].native_px,
            light=argument["light"],
            drawn_masks=masks,
            limits=limits,
        )
        if "before" in argument:
            before = read_reference(Path(argument["before"]["record"]), Path(argument["before"]["arrays"]))
            made = with_other_light(made, before)
    except NotCommissionableError as error:
        return {"refused": error.code, "values": error.values}
    arrays = packed(made.fields, made.mask)
    measured = ViewMeasured(
        width_px=made.native_px[0],
        height_px=made.native_px[1],
        working_px=(made.mask.shape[1], made.mask.shape[0]),
        lights=made.lights,
        masks=made.boxes,
        arrays_sha256=hashlib.sha256(arrays).hexdigest(),
    )
    return {
        "measured": measured.model_dump(mode="json"),
        "arrays": base64.b64encode(arrays).decode(),
        "picture": base64.b64encode(drawn(made)).decode(),
        "left_out": made.left_out,
        "pictures": counts,
    }


def _pictures(files: Sequence[dict[str, str]]) -> tuple[list[NativePicture], list[int]]:
    """All pictures, and how many each file gave. Raises NotCommissionableError for a file that does not fit."""
    found: list[NativePicture] = []
    counts = []
    each = max(_LEAST_PER_FILE, -(-_WANTED // len(files)))
    for file in files:
        own = pictures_of(Path(file["path"]), count=each)
        if not own:
            raise NotCommissionableError("unreadable", name=file["name"])
        found.extend(own)
        counts.append(len(own))
        other = next((one.native_px for one in own if one.native_px != found[0].native_px), None)
        if other is not None:
            raise NotCommissionableError(
                "sizes",
                name=file["name"],
                size=_size(other),
                first=files[0]["name"],
                first_size=_size(found[0].native_px),
            )
    return found, counts


def _size(native_px: tuple[int, int]) -> str:
    return f"{native_px[0]}x{native_px[1]}"


def drawn(made: MadeReference) -> bytes:
    """A PNG for a person: the median picture of each light, beside each other, the masks hatched over it."""
    panels = [_panel(middle, name, made) for name, middle in made.middle.items()]
    _, png = cv2.imencode(".png", np.hstack(panels))
    return bytes(png.tobytes())


def _panel(middle: NDArray[np.uint8], light: Light, made: MadeReference) -> NDArray[np.uint8]:
    picture: Any = cv2.cvtColor(middle, cv2.COLOR_GRAY2BGR)
    ratio = middle.shape[1] / made.native_px[0]
    for box in made.boxes:
        _hatch(picture, box, ratio)
    cv2.putText(picture, light, (8, middle.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 3)
    cv2.putText(picture, light, (8, middle.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return np.asarray(picture, np.uint8)


def _hatch(picture: NDArray[np.uint8], box: Box, ratio: float) -> None:
    left, top, wide, tall = (round(side * ratio) for side in box)
    part = picture[top : top + tall, left : left + wide]
    rows, columns = np.indices(part.shape[:2])
    part[(rows + columns) % 6 < 2] = (0, 140, 255)
    cv2.rectangle(picture, (left, top), (left + wide, top + tall), (0, 140, 255), 1)
