"""asyncapi.yaml says what the programs say: it is written from the models, and held against every golden message."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft7Validator
from pydantic import ValidationError
from wire_document.document import as_yaml, document
from wire_document.examples import decoded, golden_files

from edge.contract.events import CloudEvent
from edge.contract.keyset import KeySet
from edge.contract.manifest import Manifest
from edge.contract.messages import DOWN_MODELS, SIGNED_DOWN, SIGNED_UP, UP_MODELS
from edge.contract.topics import ChunkTopic, DownKind, DownTopic, UpKind, UpTopic, parse_topic
from edge.contract.wire_model import WireModel

ROOT = Path(__file__).parents[2]
GOLDEN = golden_files(Path(__file__).parent / "golden" / "v1")
WRITTEN = yaml.safe_load((ROOT / "asyncapi.yaml").read_text(encoding="utf-8"))
KINDS: tuple[UpKind | DownKind, ...] = (*UpKind, *DownKind)
MODELS: dict[str, type[WireModel]] = {kind.value: model for kind, model in (UP_MODELS | DOWN_MODELS).items()}
SAMPLES = {
    "gateway": "gw-0123456789abcdef",
    "worker": "wk-00000001",
    "upload": "12",
    "index": "3",
    "check": "00ff00ff00ff00ff",
}


def at(reference: str) -> Any:
    found: Any = WRITTEN
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


@cache
def validator(name: str) -> Draft7Validator:
    whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": WRITTEN["components"]["schemas"]}}
    return Draft7Validator(whole)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def schema_of(message: str) -> str:
    return str(WRITTEN["components"]["messages"][message]["payload"]["$ref"]).rsplit("/", maxsplit=1)[1]


def message_of(golden_name: str) -> str:
    kind = golden_name.split("-", maxsplit=1)[0]
    return "refusalForGood" if golden_name == "refusal-permanent" else kind


# ---------------------------------------------------------------------------------------------- the file
def test_the_document_is_what_the_models_and_the_prose_say_today() -> None:
    """After a change of either: `scripts/write_asyncapi`."""
    assert (ROOT / "asyncapi.yaml").read_text(encoding="utf-8") == as_yaml(document(GOLDEN))


def test_the_document_is_asyncapi_3() -> None:
    rules = json.loads((Path(__file__).parent / "vendor" / "asyncapi-3.0.0.json").read_text())
    faults = [
        f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in Draft7Validator(rules).iter_errors(WRITTEN)
    ]
    assert faults == []


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(WRITTEN)):
        assert at(reference) is not None


@pytest.mark.parametrize("name", WRITTEN["components"]["schemas"])
def test_every_schema_is_draft_7_and_is_used(name: str) -> None:
    Draft7Validator.check_schema(WRITTEN["components"]["schemas"][name])
    assert f"#/components/schemas/{name}" in set(references(WRITTEN))


# ---------------------------------------------------------------------------------------------- kinds and topics
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_topic_its_way_and_what_it_is_signed_by(kind: UpKind | DownKind) -> None:
    channel = WRITTEN["channels"][kind.value]
    goes_up = isinstance(kind, UpKind)
    parsed = parse_topic(channel["address"].format(**SAMPLES))
    assert parsed == (UpTopic(SAMPLES["gateway"], kind) if goes_up else DownTopic(SAMPLES["gateway"], kind))
    (operation,) = [each for each in WRITTEN["operations"].values() if each["channel"]["$ref"].endswith("/" + kind)]
    assert operation["action"] == ("send" if goes_up else "receive")
    assert operation["bindings"]["mqtt"] == {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}
    ends = {schema_of(name).endswith("Envelope") for name in channel["messages"]}
    assert ends == ({True, False} if kind is DownKind.REFUSAL else {kind in SIGNED_UP | SIGNED_DOWN})


def test_there_is_no_channel_that_the_programs_do_not_know() -> None:
    assert set(WRITTEN["channels"]) == {kind.value for kind in KINDS} | {"chunk", "enrolment", "keys"}


def test_a_chunk_lies_where_the_programs_look_for_it() -> None:
    parsed = parse_topic(WRITTEN["channels"]["chunk"]["address"].format(**SAMPLES))
    assert parsed == ChunkTopic(SAMPLES["worker"], SAMPLES["gateway"], 12, 3, SAMPLES["check"])


# ---------------------------------------------------------------------------------------------- golden messages
@pytest.mark.parametrize("name", [name for name in GOLDEN if name not in {"manifest", "keyset"}])
def test_every_golden_message_fits_its_schema_and_stands_as_an_example(name: str) -> None:
    said = json.loads(GOLDEN[name])
    validator(schema_of(message_of(name))).validate(said)
    examples = WRITTEN["components"]["messages"][message_of(name)]["examples"]
    assert {"name": name, "payload": said} in examples


@pytest.mark.parametrize("name", [name for name in GOLDEN if b'"payloadType"' in GOLDEN[name][:200]])
def test_what_a_golden_signature_covers_fits_the_schema_that_the_envelope_names(name: str) -> None:
    wrapped = {"manifest": "ManifestEnvelope", "keyset": "KeySetEnvelope"}
    envelope = wrapped.get(name) or schema_of(message_of(name))
    payload = WRITTEN["components"]["schemas"][envelope]["properties"]["payload"]["x-content-schema"]["$ref"]
    content = decoded(json.loads(GOLDEN[name]))
    validator(payload.rsplit("/", maxsplit=1)[1]).validate(content)
    assert content in at(payload)["examples"]


@pytest.mark.parametrize("name", [name for name in GOLDEN if b'"payloadType"' in GOLDEN[name][:200]])
def test_an_example_is_a_test_vector_with_the_keys_that_the_prose_names(name: str) -> None:
    """Whoever signs the decoded payload as the document says gets the very signature of the example."""
    assert "private key is the bytes 0 to 31" in " ".join(WRITTEN["info"]["description"].split())
    said = json.loads(GOLDEN[name])
    from_server = name == "keyset" or message_of(name) in {"receipt", "noted", "register", "refusalForGood"}
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64) if from_server else range(32)))
    payload, kind = base64.b64decode(said["payload"]), said["payloadType"]
    signature = key.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
    assert base64.b64encode(signature).decode() == said["signatures"][0]["sig"]


# ---------------------------------------------------------------------------------------------- schemas and models
def inner_of(name: str) -> Any:
    """What the golden message says: the signed payload, or the bare event."""
    said = json.loads(GOLDEN[name])
    return decoded(said) if "payloadType" in said else said


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def changed(whole: Any, path: tuple[Any, ...]) -> Iterator[Any]:
    """The same with one place missing, empty, of another type, or beyond its bounds."""
    for value in (None, True, -1, 2**60, 1.5, "", "x", "\x00", "x" * 2000, [], {}, [1, 2], ["x", "y"], "2026-13-01"):
        other = deepcopy(whole)
        holder = other
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        yield other
    other = deepcopy(whole)
    holder = other
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    yield other


def is_read(name: str, said: Any) -> bool:
    """Whether the programs would read it. Signatures and topics are not looked at here."""
    try:
        if name == "manifest":
            Manifest.model_validate(said)
        elif name == "keyset":
            KeySet.model_validate(said)
        else:
            event = CloudEvent.model_validate(said)
            MODELS[name.split("-", maxsplit=1)[0]].model_validate(event.data)
    except ValidationError:
        return False
    return True


def is_beyond_schemas(path: tuple[Any, ...]) -> bool:
    """Whether the place is under a rule between two fields, which the prose tells: an end is not before its begin."""
    return path[-1] in {"from_s", "to_s"}


@pytest.mark.parametrize("name", GOLDEN)
def test_whatever_its_schema_lets_through_is_read_by_the_programs(name: str) -> None:
    """So who keeps to the document is understood: each place of each golden message, changed in every such way."""
    inner = inner_of(name)
    schema = {"manifest": "Manifest", "keyset": "KeySet"}.get(name)
    if schema is None:
        schema = schema_of(message_of(name)).replace("Envelope", "Event")
    wrong = [
        (path, other)
        for path in places(inner)
        if not is_beyond_schemas(path)
        for other in changed(inner, path)
        if validator(schema).is_valid(other) and not is_read(name, other)
    ]
    assert [path for path, _ in wrong] == []
