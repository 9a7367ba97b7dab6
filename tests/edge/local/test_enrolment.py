"""How a gateway joins, and what it keeps before it says so."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.contract.enrolment import (
    BrokerAccess,
    EnrolmentAnswer,
    EnrolmentCode,
    EnrolmentRequest,
    NotAnEnrolmentCodeError,
    proof_message,
)
from edge.contract.identifiers import key_id_of
from edge.contract.instants import UtcMicros
from edge.contract.keyset import KeySet, ServerKey, sign_key_set
from edge.local.enrolment import AnswerUnusableError, OtherGatewayError, enrol
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.identity import (
    IdentityUnreadableError,
    NotEnrolledError,
    gateway_key,
    load_identity,
    load_server_keys,
)
from edge.transport.enrolment_call import ServerUnreachableError

NOW = UtcMicros(1_790_000_000_000_000)
CODE = str(EnrolmentCode(b"s" * 16, b"f" * 32))
URL = "http://127.0.0.1:8470"


class FakeServer:
    """Answers the call; remembers with which key."""

    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self.gateway_id, self.broker_url = "gw-0123456789abcdef", "mqtt://127.0.0.1:1883"
        self.asked: list[EnrolmentRequest] = []
        self.signer = self.key
        self.fails = False

    def __call__(self, url: str, request: EnrolmentRequest, *, tls_fingerprint: bytes) -> EnrolmentAnswer:
        assert tls_fingerprint == b"f" * 32
        self.asked.append(request)
        public = base64.b64decode(request.public_key)
        PublicKeys({key_id_of(public): public}).verify(
            key_id_of(public), proof_message(request.secret, request.public_key), base64.b64decode(request.proof)
        )
        if self.fails:
            raise ServerUnreachableError(url=url, why="the answer was lost")
        named = ServerKey(
            key_id=self.key.key_id, public_key=base64.b64encode(self.key.public_bytes).decode(), since=NOW
        )
        return EnrolmentAnswer(
            gateway_id=self.gateway_id,
            broker=BrokerAccess(url=self.broker_url, password="p" * 32),
            key_set=json.loads(sign_key_set(KeySet(number=1, keys=(named,)), self.signer)),
            server_time=NOW,
        )


def test_after_it_everything_an_agent_needs_is_there(tmp_path: Path) -> None:
    server = FakeServer()
    identity = enrol(tmp_path, URL, CODE, now_us=NOW, ask=server)
    assert load_identity(tmp_path) == identity
    assert gateway_key(tmp_path).public_bytes == base64.b64decode(server.asked[0].public_key)
    load_server_keys(tmp_path).verify(server.key.key_id, b"word", server.key.sign(b"word"))
    assert (tmp_path / "keys" / "gateway.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "identity.json").stat().st_mode & 0o777 == 0o600


def test_after_a_lost_answer_the_same_code_is_repeated_with_the_same_key(tmp_path: Path) -> None:
    server = FakeServer()
    server.fails = True
    with pytest.raises(ServerUnreachableError):
        enrol(tmp_path, URL, CODE, now_us=NOW, ask=server)
    with pytest.raises(NotEnrolledError):
        load_identity(tmp_path)
    server.fails = False
    enrol(tmp_path, URL, CODE, now_us=NOW, ask=server)
    assert server.asked[0] == server.asked[1]


def test_a_mistyped_code_is_found_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotAnEnrolmentCodeError):
        enrol(tmp_path / "new", URL, "TL1-ABC", now_us=NOW, ask=FakeServer())
    assert not (tmp_path / "new").exists()


def test_a_data_folder_stays_with_its_gateway(tmp_path: Path) -> None:
    server = FakeServer()
    enrol(tmp_path, URL, CODE, now_us=NOW, ask=server)
    server.gateway_id = "gw-fedcba9876543210"
    with pytest.raises(OtherGatewayError):
        enrol(tmp_path, URL, CODE, now_us=NOW, ask=server)
    assert load_identity(tmp_path).gateway_id == "gw-0123456789abcdef"


def test_a_broker_on_another_machine_is_refused_while_there_is_no_encryption(tmp_path: Path) -> None:
    server = FakeServer()
    server.broker_url = "mqtt://192.0.2.1:1883"
    with pytest.raises(AnswerUnusableError, match="another machine"):
        enrol(tmp_path, URL, CODE, now_us=NOW, ask=server)


def test_a_key_set_that_does_not_prove_itself_is_refused(tmp_path: Path) -> None:
    server = FakeServer()
    server.signer = SigningKey.generate()
    with pytest.raises(AnswerUnusableError, match="key set"):
        enrol(tmp_path, URL, CODE, now_us=NOW, ask=server)


@pytest.mark.parametrize(("name", "read"), [("identity.json", load_identity), ("server-keys.json", load_server_keys)])
def test_a_damaged_identity_is_named_and_never_replaced(
    tmp_path: Path, name: str, read: Callable[[Path], object]
) -> None:
    enrol(tmp_path, URL, CODE, now_us=NOW, ask=FakeServer())
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(IdentityUnreadableError, match=name):
        read(tmp_path)
