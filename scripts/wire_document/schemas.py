"""The models of the contract as schemas of AsyncAPI 3.0, which are JSON Schema draft 7 with `$ref` into components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from edge.contract.dsse import EVENT_PAYLOAD_TYPE, KEY_SET_PAYLOAD_TYPE, MANIFEST_PAYLOAD_TYPE
from edge.contract.enrolment import EnrolmentAnswer, EnrolmentRequest
from edge.contract.events import MAJOR_VERSION, CloudEvent
from edge.contract.keyset import KeySet
from edge.contract.manifest import Manifest
from edge.contract.messages import DOWN_MODELS, SIGNED_DOWN, SIGNED_UP, UP_MODELS
from edge.contract.topics import DownKind, UpKind
from edge.contract.wire_model import LARGEST_NUMBER, WireModel

Schema = dict[str, Any]
COMPONENTS = "#/components/schemas/"
INSTANT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_BASE64 = "^[A-Za-z0-9+/]*={0,2}$"
_MODELS: tuple[type[WireModel], ...] = (
    CloudEvent,
    *UP_MODELS.values(),
    *DOWN_MODELS.values(),
    Manifest,
    KeySet,
    EnrolmentRequest,
    EnrolmentAnswer,
)
_ENVELOPES_WITHIN = {
    ("ClipReport", "manifest"): "ManifestEnvelope",
    ("Offer", "manifest"): "ManifestEnvelope",
    ("Register", "key_sets"): "KeySetEnvelope",
    ("EnrolmentAnswer", "key_set"): "KeySetEnvelope",
}
"""Where a model holds a whole envelope as a JSON object, which pydantic knows as any object."""


def ref(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": COMPONENTS + name}


def title_of(kind: UpKind | DownKind) -> str:
    """`Hello` for `hello`."""
    return kind.value.capitalize()


def wire_schemas() -> dict[str, Schema]:
    """All schemas of the document by name, in the order of their names."""
    _, pooled = models_json_schema(
        [(model, "validation") for model in _MODELS], ref_template=COMPONENTS + "{model}", by_alias=True
    )
    schemas = {name: _draft_7(schema) for name, schema in pooled["$defs"].items()}
    for (model, field), envelope in _ENVELOPES_WITHIN.items():
        properties = schemas[model]["properties"]
        if properties[field].get("type") == "array":
            properties[field]["items"] = ref(envelope)
        else:
            properties[field] = ref(envelope)
    schemas["CloudEvent"]["required"] = sorted({*schemas["CloudEvent"]["required"], "specversion"})
    schemas["Envelope"] = _envelope()
    schemas["ManifestEnvelope"] = _envelope_of(MANIFEST_PAYLOAD_TYPE, "Manifest")
    schemas["KeySetEnvelope"] = _envelope_of(KEY_SET_PAYLOAD_TYPE, "KeySet")
    schemas["Chunk"] = _chunk()
    schemas["Problem"] = _problem()
    schemas |= _events(UpKind, SIGNED_UP) | _events(DownKind, SIGNED_DOWN)
    schemas["RefusalEvent"] = _refusal(permanent=False)
    schemas["RefusalForGoodEvent"] = _refusal(permanent=True)
    schemas["RefusalForGoodEnvelope"] = _envelope_of(EVENT_PAYLOAD_TYPE, "RefusalForGoodEvent")
    return dict(sorted(schemas.items()))


# ------------------------------------------------------------------ from pydantic's dialect to draft 7
def _draft_7(node: Any) -> Any:
    """Without titles; tuples as draft 7 has them; a discriminator as AsyncAPI has it; no neighbours of a `$ref`."""
    if isinstance(node, list):
        return [_draft_7(item) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _kept(key, value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if "prefixItems" in changed:
        changed["items"] = changed.pop("prefixItems")
    if changed.get("format") == "date-time":
        changed["pattern"] = INSTANT_PATTERN
    if "discriminator" in changed:
        _name_by_discriminator(changed)
    if changed.get("type") == "integer" and "const" not in changed and "enum" not in changed:
        changed.setdefault("maximum", LARGEST_NUMBER)
    if changed.get("additionalProperties") is True:
        del changed["additionalProperties"]
    if "$ref" in changed and len(changed) > 1:
        changed = {"allOf": [{"$ref": changed.pop("$ref")}], **changed}
    return changed


def _kept(key: str, value: Any) -> Any:
    """The children of one keyword; the names of fields are no keywords."""
    if key == "properties":
        return {name: _draft_7(schema) for name, schema in value.items()}
    return value if key in {"default", "const", "enum", "required", "discriminator"} else _draft_7(value)


def _name_by_discriminator(union: Schema) -> None:
    """Each branch names its own value and demands it: the reader chooses by it, whatever default a model has."""
    field, mapping = union["discriminator"]["propertyName"], union["discriminator"]["mapping"]
    union["discriminator"] = field
    union["oneOf"] = [
        {"allOf": [{"$ref": target}], "required": [field], "properties": {field: {"const": value}}}
        for value, target in mapping.items()
    ]


# ------------------------------------------------------------------ what carries the models
def _envelope() -> Schema:
    signature = {
        "type": "object",
        "required": ["keyid", "sig"],
        "properties": {
            "keyid": {"type": "string", "maxLength": 64, "description": "A hint; the payload's own key id counts."},
            "sig": {"type": "string", "pattern": _BASE64, "minLength": 88, "maxLength": 88},
        },
    }
    return {
        "description": "A DSSE envelope with one Ed25519 signature. On the wire payloadType is its first member.",
        "type": "object",
        "required": ["payloadType", "payload", "signatures"],
        "properties": {
            "payloadType": {"type": "string"},
            "payload": {"type": "string", "contentEncoding": "base64", "pattern": _BASE64},
            "signatures": {"type": "array", "minItems": 1, "maxItems": 1, "items": signature},
        },
    }


def _envelope_of(payload_type: str, payload: str) -> Schema:
    """`x-content-schema` names the schema of the decoded payload, which draft 7 has no keyword for."""
    content = {"contentMediaType": payload_type, "x-content-schema": ref(payload)}
    return {
        "allOf": [ref("Envelope")],
        "type": "object",
        "properties": {"payloadType": {"const": payload_type}, "payload": content},
    }


def _event(kind: UpKind | DownKind, *, named_by: Iterable[str], data: Schema) -> Schema:
    said: Schema = {"type": {"const": f"tallylight.v{MAJOR_VERSION}.{kind.value}"}, "data": data}
    said |= {name: {"type": "integer" if name == "counter" else "string"} for name in named_by}
    return {"allOf": [ref("CloudEvent")], "type": "object", "required": list(named_by), "properties": said}


def _events(kinds: Iterable[UpKind] | Iterable[DownKind], signed: Iterable[UpKind | DownKind]) -> dict[str, Schema]:
    made: dict[str, Schema] = {}
    for kind in kinds:
        name, is_signed = title_of(kind), kind in set(signed)
        named_by = (("keyid",) if is_signed else ()) + (("bootid", "counter") if isinstance(kind, UpKind) else ())
        made[f"{name}Event"] = _event(kind, named_by=named_by, data=ref(name))
        if is_signed:
            made[f"{name}Envelope"] = _envelope_of(EVENT_PAYLOAD_TYPE, f"{name}Event")
    return made


def _refusal(*, permanent: bool) -> Schema:
    data = {"allOf": [ref("Refusal")], "type": "object", "properties": {"permanent": {"const": permanent}}}
    return _event(DownKind.REFUSAL, named_by=("keyid",) if permanent else (), data=data)


def _chunk() -> Schema:
    return {
        "type": "string",
        "format": "binary",
        "description": (
            "Raw bytes [index x chunk_bytes, next chunk or end of the clip) and nothing else; the topic says whose,"
            " under which fence, which and with what check. Every chunk but the last is exactly chunk_bytes long."
        ),
    }


def _problem() -> Schema:
    codes = "unknown_code, expired_code, used_code, bad_proof, revoked, key_in_use"
    return {
        "type": "object",
        "description": f"RFC 9457 problem details with status 403. `code` is one of {codes}, or newer.",
        "required": ["title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
        },
    }
