"""The document itself: servers, channels, operations and messages around schemas and prose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from edge.contract.enrolment import ENROLMENT_PATH
from edge.contract.events import MAJOR_VERSION
from edge.contract.messages import SIGNED_DOWN, SIGNED_UP
from edge.contract.topics import ChunkTopic, DownKind, DownTopic, UpKind, UpTopic
from wire_document import kinds_prose, prose
from wire_document.examples import decoded, of_kind
from wire_document.schemas import Schema, ref, title_of, wire_schemas

KEYS_PATH = "/api/v1/keys"
_MQTT_OPERATION = {"mqtt": {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}}
_MQTT_CHUNKS = {"mqtt": {"qos": 0, "retain": False, "bindingVersion": "0.2.0"}}
_MQTT_SERVER = {"mqtt": {"cleanSession": True, "keepAlive": 15, "bindingVersion": "0.2.0"}}
_BROKERS = [{"$ref": "#/servers/broker"}, {"$ref": "#/servers/brokerOnThisMachine"}]
_FIRST_LINES = (
    "# Written by scripts/write_asyncapi from the models in edge/contract and the prose in scripts/wire_document.\n"
    "# A test holds this file equal to both: change those, not this.\n"
)


def document(golden: Mapping[str, bytes]) -> dict[str, Any]:
    """The whole document as plain values. `golden`: bytes on the wire by the name of their golden file."""
    schemas = _with_examples(wire_schemas(), golden)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tallylight: the wire between gateway and server",
            "version": f"{MAJOR_VERSION}.0.0",
            "description": prose.description(),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": _messages(golden),
            "parameters": _parameters(),
            "securitySchemes": {
                "gatewayPassword": {
                    "type": "userPassword",
                    "description": "User: the gateway id. Password: `broker.password` of the enrolment answer.",
                }
            },
            "schemas": schemas,
        },
    }


def as_yaml(whole: Mapping[str, Any]) -> str:
    """The text of the file; long texts stand as they read."""
    text: str = yaml.dump(
        json.loads(json.dumps(whole)), Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=110
    )
    return _FIRST_LINES + text


def _dumper() -> Any:
    """Writes texts of several lines as blocks."""
    dumper: Any = type("Dumper", (yaml.SafeDumper,), {})
    dumper.add_representer(str, _text)
    return dumper


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


# ------------------------------------------------------------------ parts
def _servers() -> dict[str, Any]:
    security = [{"$ref": "#/components/securitySchemes/gatewayPassword"}]
    broker = {"host": "{address}", "security": security, "bindings": _MQTT_SERVER}
    address = {"address": {"description": "Host and port of `broker.url` in the enrolment answer."}}
    return {
        "broker": {
            **broker,
            "protocol": "secure-mqtt",
            "protocolVersion": "3.1.1",
            "description": (
                "TLS 1.3 alone. Trusted: `broker.ca_pem` of the enrolment answer, later `broker_ca_pem` of the"
                " register; null: the system's CAs. The name is checked. MQTT 5 may be tried; 3.1.1 always serves."
            ),
            "variables": address,
        },
        "brokerOnThisMachine": {
            **broker,
            "protocol": "mqtt",
            "protocolVersion": "3.1.1",
            "description": "Plain, where `broker.url` begins with mqtt:// and names the loopback; never elsewhere.",
            "variables": address,
        },
        "enrolment": {
            "host": "{address}",
            "protocol": "https",
            "description": (
                "The server's pages and API, as the person who gives the code names them. TLS 1.3; no CA is asked: the"
                " SHA-256 of the server key's SubjectPublicKeyInfo (DER) must equal the fingerprint in the code. Plain"
                " http on the loopback alone."
            ),
            "variables": {"address": {"description": "Host and port, such as server.example:8470."}},
        },
    }


def _kind_messages() -> list[tuple[UpKind | DownKind, str, bool]]:
    """Kind, name of the message, whether it is signed; a refusal is two messages."""
    named: list[tuple[UpKind | DownKind, str, bool]] = [
        (kind, kind.value, kind in SIGNED_UP or kind in SIGNED_DOWN) for kind in (*UpKind, *DownKind)
    ]
    return [*named, (DownKind.REFUSAL, "refusalForGood", True)]


def _channels() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for kind, message, _ in _kind_messages():
        topic = UpTopic("{gateway}", kind) if isinstance(kind, UpKind) else DownTopic("{gateway}", kind)
        channel = channels.setdefault(
            kind.value,
            {
                "address": str(topic),
                "servers": _BROKERS,
                "parameters": {"gateway": {"$ref": "#/components/parameters/gateway"}},
                "messages": {},
            },
        )
        channel["messages"][message] = {"$ref": f"#/components/messages/{message}"}
    chunk_address = "/".join(("tl/v1/data", *(f"{{{name}}}" for name in ChunkTopic.__dataclass_fields__)))
    short = {"worker_id": "worker", "gateway_id": "gateway"}
    for name, parameter in short.items():
        chunk_address = chunk_address.replace(f"{{{name}}}", f"{{{parameter}}}")
    parameters = [short.get(name, name) for name in ChunkTopic.__dataclass_fields__]
    channels["chunk"] = {
        "address": chunk_address,
        "servers": _BROKERS,
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in parameters},
        "messages": {"chunk": {"$ref": "#/components/messages/chunk"}},
    }
    over_http = ("enrolmentRequest", "enrolmentAnswer", "enrolmentRefused")
    channels["enrolment"] = {
        "address": ENROLMENT_PATH,
        "servers": [{"$ref": "#/servers/enrolment"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in over_http},
    }
    channels["keys"] = {
        "address": KEYS_PATH,
        "servers": [{"$ref": "#/servers/enrolment"}],
        "messages": {"keySet": {"$ref": "#/components/messages/keySet"}},
    }
    return channels


def _operations() -> dict[str, Any]:
    """As a gateway sees it: it sends what goes up, and receives what comes down."""
    made: dict[str, Any] = {}
    for kind in (*UpKind, *DownKind):
        action = "send" if isinstance(kind, UpKind) else "receive"
        made[f"{action}{title_of(kind)}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{kind.value}"},
            "summary": kinds_prose.SUMMARY[kind],
            "description": kinds_prose.OF_KIND[kind],
            "bindings": _MQTT_OPERATION,
        }
    made["sendChunk"] = {
        "action": "send",
        "channel": {"$ref": "#/channels/chunk"},
        "summary": "Bytes of a granted clip, on the bulk connection.",
        "description": kinds_prose.CHUNK,
        "bindings": _MQTT_CHUNKS,
    }
    here = "#/channels/enrolment/messages/"
    made["enrol"] = {
        "action": "send",
        "channel": {"$ref": "#/channels/enrolment"},
        "summary": "Redeem a code with a new key, once in a gateway's life.",
        "description": prose.ENROLMENT,
        "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
        "messages": [{"$ref": here + "enrolmentRequest"}],
        "reply": {
            "channel": {"$ref": "#/channels/enrolment"},
            "messages": [{"$ref": here + "enrolmentAnswer"}, {"$ref": here + "enrolmentRefused"}],
        },
    }
    made["readKeys"] = {
        "action": "receive",
        "channel": {"$ref": "#/channels/keys"},
        "summary": "The newest key set, for whoever verifies receipts; gateways have it from elsewhere.",
        "bindings": {"http": {"method": "GET", "bindingVersion": "0.3.0"}},
    }
    return made


def _messages(golden: Mapping[str, bytes]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for kind, name, signed in _kind_messages():
        stem = "RefusalForGood" if name == "refusalForGood" else title_of(kind)
        made[name] = {
            "name": name,
            "title": f"{kind.value}, {'signed' if signed else 'bare'}",
            "contentType": "application/json" if signed else "application/cloudevents+json",
            "payload": ref(stem + ("Envelope" if signed else "Event")),
            "examples": [
                {"name": example, "payload": payload}
                for example, payload in of_kind(golden, kind.value).items()
                if signed == ("payloadType" in payload)
            ],
        }
    plain = {
        "chunk": ("application/octet-stream", "Chunk"),
        "enrolmentRequest": ("application/json", "EnrolmentRequest"),
        "enrolmentAnswer": ("application/json", "EnrolmentAnswer"),
        "enrolmentRefused": ("application/problem+json", "Problem"),
        "keySet": ("application/json", "KeySetEnvelope"),
    }
    for name, (content_type, schema) in plain.items():
        made[name] = {"name": name, "contentType": content_type, "payload": ref(schema)}
    return made


def _parameters() -> dict[str, Any]:
    return {name: {"description": text, "x-pattern": pattern} for name, (pattern, text) in prose.PARAMETERS.items()}


def _with_examples(schemas: dict[str, Schema], golden: Mapping[str, bytes]) -> dict[str, Schema]:
    """What is inside the examples' envelopes stands, decoded, at the schema of the signed payload."""
    for kind, name, signed in _kind_messages():
        if signed:
            stem = "RefusalForGood" if name == "refusalForGood" else title_of(kind)
            schemas[f"{stem}Event"]["examples"] = [
                decoded(payload) for payload in of_kind(golden, kind.value).values() if "payloadType" in payload
            ]
    for name in ("manifest", "keyset"):
        schema = "Manifest" if name == "manifest" else "KeySet"
        schemas[schema]["examples"] = [decoded(payload) for payload in of_kind(golden, name).values()]
        schemas[f"{schema}Envelope"]["examples"] = list(of_kind(golden, name).values())
    return schemas
