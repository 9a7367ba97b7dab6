"""The golden messages as examples: whole, and what their signatures cover."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def golden_files(folder: Path) -> dict[str, bytes]:
    """The bytes of each golden file by its name without the ending, in the order of the names."""
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.json"))}


def of_kind(golden: Mapping[str, bytes], kind: str) -> dict[str, Any]:
    """The golden messages of one kind as JSON values, by name."""
    return {name: json.loads(raw) for name, raw in golden.items() if name.split("-", maxsplit=1)[0] == kind}


def decoded(envelope: Mapping[str, Any]) -> Any:
    """The JSON that an envelope's signature covers."""
    return json.loads(base64.b64decode(envelope["payload"], validate=True))
