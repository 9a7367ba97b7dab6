"""A reference's arrays: the normalised gradients of each light and the mask, as an .npz without pickles.

A gradient is kept as a byte: it is 3 at most, and a thirty-second of one shows in no correlation.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.contract.sentences import sentence
from edge.domain.commissioned_view import (
    MAX_ARRAYS_BYTES,
    MAX_RECORD_BYTES,
    CommissionedView,
    Light,
    RecordUnusableError,
    read_record,
    record_sha256,
)
from edge.footage.scene_shift import Field, Mask

_QUANTUM = 32.0
_DAMAGED = sentence("reference_arrays_damaged", "its pictures are damaged")
_OTHERS = sentence("reference_arrays_others", "its pictures are not those of its record")


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A stored reference, read and checked. `sha256`: of its record."""

    view: CommissionedView
    sha256: str
    fields: dict[str, Field]
    mask: Mask


def read_reference(record: Path, arrays: Path) -> Reference:
    """The reference in two files. Raises RecordUnusableError for damaged ones, OSError for missing ones."""
    kept = _bounded(record, MAX_RECORD_BYTES)
    view = read_record(kept, name=record.name)
    packed = _bounded(arrays, MAX_ARRAYS_BYTES)
    if hashlib.sha256(packed).hexdigest() != view.arrays_sha256:
        raise RecordUnusableError(name=record.name, why=_OTHERS)
    try:
        fields, mask = _unpacked(packed, view)
    except (ValueError, KeyError, OSError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise RecordUnusableError(name=record.name, why=_DAMAGED) from error
    return Reference(view, record_sha256(kept), fields, mask)


def packed(fields: Mapping[Light, Field], mask: Mask) -> bytes:
    """The arrays as they are kept."""
    arrays: dict[str, NDArray[Any]] = {"mask": mask.astype(np.uint8)}
    for light, field in fields.items():
        arrays[f"{light}_across"], arrays[f"{light}_down"] = _as_bytes(field.real), _as_bytes(field.imag)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _bounded(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        why = sentence("reference_large", "it is larger than {limit} bytes", limit=most)
        raise RecordUnusableError(name=path.name, why=why)
    return data


def _unpacked(packed: bytes, view: CommissionedView) -> tuple[dict[str, Field], Mask]:
    """Fields and mask. The sizes inside the archive are looked at before anything is unpacked."""
    width, height = view.working_px
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        if any(entry.file_size > width * height + 1024 for entry in archive.infolist()):
            raise ValueError("an array is larger than the picture")
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        fields: dict[str, Field] = {
            light.light: _field(arrays[f"{light.light}_across"], arrays[f"{light.light}_down"], (height, width))
            for light in view.lights
        }
        mask = arrays["mask"]
        if mask.shape != (height, width):
            raise ValueError("the mask has another size than the picture")
        return fields, np.asarray(mask, np.bool_)


def _field(across: NDArray[np.int8], down: NDArray[np.int8], shape: tuple[int, int]) -> Field:
    if across.shape != shape or down.shape != shape or across.dtype != np.int8 or down.dtype != np.int8:
        raise ValueError("an array has another size or kind than it should")
    return np.asarray((across + 1j * down.astype(np.float32)) / _QUANTUM, np.complex64)


def _as_bytes(part: NDArray[Any]) -> NDArray[np.int8]:
    return np.clip(np.round(part * _QUANTUM), -127, 127).astype(np.int8)
