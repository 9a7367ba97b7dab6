"""How this gateway joins a server: the key first, everything durable before success is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

from edge.contract.dsse import NotAnEnvelopeError, SignatureRefusedError
from edge.contract.enrolment import EnrolmentAnswer, EnrolmentRequest, parse_enrolment_code, proof_message
from edge.contract.instants import UtcMicros
from edge.contract.sentences import sentence
from edge.platform.addresses import is_plain_beyond_loopback
from edge.platform.version import software_version
from edge.storage.identity import (
    Identity,
    NotEnrolledError,
    gateway_key_made,
    installation_id_made,
    keep_identity,
    load_identity,
    trusted_key_set,
)
from edge.transport.enrolment_call import ask_to_enrol

Ask = Callable[..., EnrolmentAnswer]


class OtherGatewayError(Exception):
    """The data folder belongs to another gateway; two must not be mixed."""

    def __init__(self, *, data_dir: Path, held: str, given: str) -> None:
        super().__init__(
            sentence(
                "other_gateway",
                "{data_dir} belongs to gateway {held}, the code is for {given}. Use another data folder for it, or get"
                " a code for {held}",
                data_dir=data_dir,
                held=held,
                given=given,
            )
        )
        self.data_dir, self.held, self.given = data_dir, held, given


class AnswerUnusableError(Exception):
    """The server's answer names something this gateway cannot use; the server's settings must change."""

    def __init__(self, *, why: str) -> None:
        super().__init__(sentence("answer_unusable", "the server's answer cannot be used: {why}", why=why))
        self.why = why


def enrol(data_dir: Path, url: str, code_text: str, *, now_us: UtcMicros, ask: Ask = ask_to_enrol) -> Identity:
    """Enrol this data folder with the code; the same code can be repeated until this returns.

    Raises NotAnEnrolmentCodeError, KeyFileError, OtherGatewayError, AnswerUnusableError and what `ask_to_enrol` raises.
    """
    code = parse_enrolment_code(code_text)
    key, installation_id = gateway_key_made(data_dir), installation_id_made(data_dir)
    public_key = base64.b64encode(key.public_bytes).decode()
    proof = key.sign(proof_message(code.secret_text, public_key))
    answer = ask(
        url,
        EnrolmentRequest(
            secret=code.secret_text,
            public_key=public_key,
            proof=base64.b64encode(proof).decode(),
            installation_id=installation_id,
            software=f"tallylight-edge {software_version()}",
        ),
        tls_fingerprint=code.tls_fingerprint,
    )
    _check_same_gateway(data_dir, answer)
    envelope = _checked_key_set(answer)
    if is_plain_beyond_loopback(answer.broker.url):
        raise AnswerUnusableError(
            why=sentence(
                "answer_broker",
                "its broker {url} is on another machine and not encrypted. Set broker.gateway_url on the server to an"
                " address that begins with mqtts://",
                url=answer.broker.url,
            )
        )
    identity = Identity(
        gateway_id=answer.gateway_id,
        installation_id=installation_id,
        server_url=url,
        broker=answer.broker,
        enrolled=now_us,
        server_time=answer.server_time,
    )
    keep_identity(data_dir, identity, envelope)
    return identity


def _check_same_gateway(data_dir: Path, answer: EnrolmentAnswer) -> None:
    try:
        held = load_identity(data_dir)
    except NotEnrolledError:
        return
    if held.gateway_id != answer.gateway_id:
        raise OtherGatewayError(data_dir=data_dir, held=held.gateway_id, given=answer.gateway_id)


def _checked_key_set(answer: EnrolmentAnswer) -> bytes:
    """The key set's envelope as bytes, once it proves itself."""
    envelope = json.dumps(answer.key_set, separators=(",", ":")).encode()
    try:
        trusted_key_set(envelope)
    except (NotAnEnvelopeError, SignatureRefusedError, ValueError) as error:
        raise AnswerUnusableError(why=sentence("answer_keys", "its key set does not stand")) from error
    return envelope
