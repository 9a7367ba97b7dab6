"""Who this gateway is: its key, what the server gave it at enrolment, and the server's keys, as files."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from edge.contract.dsse import NotAnEnvelopeError, SignatureRefusedError, read_envelope
from edge.contract.enrolment import BrokerAccess
from edge.contract.identifiers import TopicId
from edge.contract.instants import Instant
from edge.contract.keyset import KeySet, open_key_set
from edge.contract.sentences import sentence
from edge.contract.wire_model import WireModel
from edge.platform.durable import make_directory, write_durably
from edge.platform.faults import unreadable
from edge.platform.key_ring import KeyRing, verifier_of
from edge.platform.signing import SigningKey

IDENTITY_NAME, SERVER_KEYS_NAME, INSTALLATION_NAME = "identity.json", "server-keys.json", "installation-id"
KEY_PATH = Path("keys") / "gateway.pem"


ENROL_ADVICE = sentence(
    "enrol_advice",
    "get a code with `tallylight-server gateway add NAME` on the server,"
    " then run `tallylight-edge enrol URL CODE` here",
)
_NO_IDENTITY = sentence("identity_none", "it does not hold an identity")
_NO_KEYS = sentence("server_keys_none", "it does not hold the server's keys")
RESTORE_ADVICE = sentence("restore_advice", "Restore it from the backup, or enrol this gateway again with a new code")


class NotEnrolledError(Exception):
    """This data folder belongs to no gateway yet."""

    def __init__(self, *, data_dir: Path) -> None:
        super().__init__(
            sentence(
                "not_enrolled",
                "{data_dir} is not enrolled: {advice}",
                data_dir=data_dir,
                advice=ENROL_ADVICE,
            )
        )
        self.data_dir = data_dir


class IdentityUnreadableError(Exception):
    """A file of the identity is damaged; a person restores it or enrols again."""

    def __init__(self, *, path: Path, why: str) -> None:
        super().__init__(sentence("identity", "{path}: {why}. {advice}", path=path, why=why, advice=RESTORE_ADVICE))
        self.path, self.why = path, why


class Identity(WireModel):
    """What the server gave. The broker's user name is the gateway id."""

    gateway_id: TopicId
    installation_id: TopicId
    server_url: Annotated[str, Field(pattern=r"^https?://")]
    broker: BrokerAccess
    enrolled: Instant
    server_time: Instant | None = None
    """When the server answered, by its clock; of a gateway enrolled by an older release it is not known."""


def gateway_key(data_dir: Path) -> SigningKey:
    """The gateway's key. Raises KeyFileError."""
    return SigningKey.load(data_dir / KEY_PATH)


def gateway_key_made(data_dir: Path) -> SigningKey:
    """The gateway's key, made and durable if there is none: a code may be repeated with the same key alone."""
    path = data_dir / KEY_PATH
    if path.exists():
        return SigningKey.load(path)
    make_directory(path.parent)
    key = SigningKey.generate()
    key.save(path)
    return key


def installation_id_made(data_dir: Path) -> str:
    """The id of this installation, made and durable if there is none. A copied data folder shares it and is noticed."""
    path = data_dir / INSTALLATION_NAME
    if not path.exists():
        make_directory(path.parent)
        write_durably(path, f"in-{secrets.token_hex(8)}".encode())
    return path.read_text().strip()


def keep_identity(data_dir: Path, identity: Identity, key_set_envelope: bytes) -> None:
    """Keep both durably. The identity comes last: where it stands, everything stands."""
    write_durably(data_dir / SERVER_KEYS_NAME, key_set_envelope)
    write_durably(data_dir / IDENTITY_NAME, identity.model_dump_json(indent=1).encode())


def load_identity(data_dir: Path) -> Identity:
    """Raises NotEnrolledError or IdentityUnreadableError."""
    path = data_dir / IDENTITY_NAME
    try:
        return Identity.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise NotEnrolledError(data_dir=data_dir) from error
    except OSError as error:
        raise IdentityUnreadableError(path=path, why=unreadable(error)) from error
    except ValidationError as error:
        raise IdentityUnreadableError(path=path, why=_NO_IDENTITY) from error


def keep_broker_ca(data_dir: Path, ca_pem: str) -> Identity:
    """The identity with the CAs that the server now names for its broker, durable. Raises as `load_identity`."""
    identity = load_identity(data_dir)
    if identity.broker.ca_pem != ca_pem:
        broker = identity.broker.model_copy(update={"ca_pem": ca_pem})
        identity = identity.model_copy(update={"broker": broker})
        write_durably(data_dir / IDENTITY_NAME, identity.model_dump_json(indent=1).encode())
    return identity


def load_server_keys(data_dir: Path) -> KeyRing:
    """The server's keys, which receipts and registers are checked with. Raises IdentityUnreadableError."""
    path = data_dir / SERVER_KEYS_NAME
    try:
        held = trusted_key_set(path.read_bytes())
        return KeyRing(held, keep=lambda envelope: write_durably(path, envelope))
    except OSError as error:
        raise IdentityUnreadableError(path=path, why=unreadable(error)) from error
    except (NotAnEnvelopeError, SignatureRefusedError, ValidationError, ValueError) as error:
        raise IdentityUnreadableError(path=path, why=_NO_KEYS) from error


def trusted_key_set(envelope: bytes) -> KeySet:
    """A key set that came over a trusted way: signed by one of the keys it names.

    Raises NotAnEnvelopeError, SignatureRefusedError or ValueError.
    """
    named = KeySet.model_validate_json(read_envelope(envelope).payload)
    return open_key_set(envelope, verifier_of(named))
