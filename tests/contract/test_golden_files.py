"""The wire of version 1, byte for byte: what was once sent can be read for ever, and is still written the same.

A change that fails here breaks gateways in the field. A new field is added with a default, and a new golden file beside
the old one; `scripts/write_golden_files` writes those that are missing and never overwrites.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.contract.events import Opened, open_down, open_up
from edge.contract.keyset import open_key_set
from edge.contract.manifest import open_manifest
from edge.contract.topics import DownKind, UpKind
from tests.contract.samples import GATEWAY, GATEWAY_KEYS, SERVER_KEYS, golden_messages, manifest

GOLDEN = Path(__file__).parent / "golden" / "v1"
MESSAGES = golden_messages()


def opened(name: str, raw: bytes) -> Opened:
    kind = name.split("-", maxsplit=1)[0]
    if kind in {up.value for up in UpKind}:
        return open_up(raw, UpKind(kind), gateway_id=GATEWAY, verifier=GATEWAY_KEYS)
    return open_down(raw, DownKind(kind), gateway_id=GATEWAY, verifier=SERVER_KEYS)


def test_every_kind_has_a_golden_file() -> None:
    kinds = {kind.value for kind in (*UpKind, *DownKind)} | {"manifest", "keyset"}
    assert {path.stem.split("-")[0] for path in GOLDEN.glob("*.json")} == kinds


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_written_as_it_always_was(name: str) -> None:
    assert MESSAGES[name] == (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", [name for name in MESSAGES if name not in {"manifest", "keyset"}])
def test_a_message_of_version_1_is_still_read(name: str) -> None:
    was = opened(name, (GOLDEN / f"{name}.json").read_bytes())
    assert was.data == opened(name, MESSAGES[name]).data


def test_a_manifest_of_version_1_is_still_read() -> None:
    assert open_manifest((GOLDEN / "manifest.json").read_bytes(), GATEWAY_KEYS) == manifest()


def test_a_key_set_of_version_1_is_still_read() -> None:
    assert open_key_set((GOLDEN / "keyset.json").read_bytes(), SERVER_KEYS).number == 1


@pytest.mark.parametrize("name", ["status", "holding", "grant", "have", "refusal-busy"])
def test_a_field_of_a_newer_version_is_ignored(name: str) -> None:
    document = json.loads(MESSAGES[name])
    document["data"]["invented_later"] = {"deep": [1, 2, 3]}
    document["newattribute"] = "x"
    assert opened(name, json.dumps(document).encode()).data == opened(name, MESSAGES[name]).data
