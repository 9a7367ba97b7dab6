"""How a gateway joins: one code, one key, on record before the answer; and how it is revoked."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from bench import Bench
from scripted_gateway import enrolment_request
from sqlalchemy import select
from starlette.testclient import TestClient

from edge.contract.enrolment import EnrolmentRequest
from edge.contract.instants import MICROS_PER_HOUR
from edge.contract.keyset import open_key_set
from edge.platform.signing import PublicKeys, SigningKey
from server.domain.broker_access import SERVER_USER, broker_password
from server.store.tables import Act, EnrolmentCodeRow, Gateway, GatewayKey
from server.usecases.enrol_gateway import (
    EnrolmentRefusedError,
    GatewayNameTakenError,
    Invitation,
    Refused,
    enrol_gateway,
    invite_gateway,
)
from server.usecases.gateways import UnknownGatewayError, broker_logins
from server.usecases.revoke_gateway import revoke_gateway


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "server")


def invite(bench: Bench, name: str = "north") -> Invitation:
    context = bench.context
    return invite_gateway(
        context.db,
        name,
        unit_number=None,
        tls_fingerprint=context.tls_fingerprint,
        by="test",
        now_us=bench.clock.now_us(),
    )


def refusal(bench: Bench, request: EnrolmentRequest) -> Refused:
    with pytest.raises(EnrolmentRefusedError) as caught:
        enrol_gateway(bench.context, request, now_us=bench.clock.now_us())
    return caught.value.reason


def test_a_code_and_a_key_make_a_gateway_that_may_log_in(bench: Bench) -> None:
    invitation, key = invite(bench), SigningKey.generate()
    answer = enrol_gateway(
        bench.context, enrolment_request(invitation.code.secret_text, key), now_us=bench.clock.now_us()
    )
    assert answer.gateway_id == invitation.gateway_id
    with bench.context.db.reading() as session:
        logins = broker_logins(session, bench.context.broker_master_key)
    assert logins[answer.gateway_id] == answer.broker.password
    assert set(logins) == {SERVER_USER, answer.gateway_id}
    own = PublicKeys({bench.context.signer.key_id: bench.context.signer.public_bytes})
    (server_key,) = open_key_set(json.dumps(answer.key_set).encode(), own).keys
    assert server_key.public_bytes == bench.context.signer.public_bytes


def test_the_database_never_holds_a_code_or_a_broker_password(bench: Bench) -> None:
    invitation, key = invite(bench), SigningKey.generate()
    answer = enrol_gateway(
        bench.context, enrolment_request(invitation.code.secret_text, key), now_us=bench.clock.now_us()
    )
    bench.context.db.close()
    stored = b"".join(path.read_bytes() for path in bench.folder.glob("tallylight.sqlite3*"))
    for secret in (invitation.code.secret_text, str(invitation.code), answer.broker.password):
        assert secret.encode() not in stored
    assert bench.context.broker_master_key.hex().encode() not in stored


def test_the_same_code_with_the_same_key_may_be_repeated(bench: Bench) -> None:
    request = enrolment_request(invite(bench).code.secret_text, SigningKey.generate())
    first = enrol_gateway(bench.context, request, now_us=bench.clock.now_us())
    bench.clock.pass_s(48 * 3600)
    again = enrol_gateway(bench.context, request, now_us=bench.clock.now_us())
    assert (again.gateway_id, again.broker, again.key_set) == (first.gateway_id, first.broker, first.key_set)
    assert len(bench.rows(select(Act).where(Act.verb == "enrol"))) == 1


def test_a_code_used_by_another_key_is_refused(bench: Bench) -> None:
    secret = invite(bench).code.secret_text
    enrol_gateway(bench.context, enrolment_request(secret, SigningKey.generate()), now_us=bench.clock.now_us())
    assert refusal(bench, enrolment_request(secret, SigningKey.generate())) is Refused.USED_CODE


def test_a_code_lives_24_hours(bench: Bench) -> None:
    request = enrolment_request(invite(bench).code.secret_text, SigningKey.generate())
    bench.clock.us += 24 * MICROS_PER_HOUR
    assert refusal(bench, request) is Refused.EXPIRED_CODE


def test_an_invented_code_is_refused(bench: Bench) -> None:
    assert refusal(bench, enrolment_request("A" * 26, SigningKey.generate())) is Refused.UNKNOWN_CODE


def test_nobody_enrols_a_key_he_does_not_hold(bench: Bench) -> None:
    secret = invite(bench).code.secret_text
    request = enrolment_request(secret, SigningKey.generate())
    foreign = base64.b64encode(SigningKey.generate().public_bytes).decode()
    assert refusal(bench, request.model_copy(update={"public_key": foreign})) is Refused.BAD_PROOF
    assert bench.rows(select(GatewayKey)) == []


def test_one_key_is_one_gateway(bench: Bench) -> None:
    key = SigningKey.generate()
    enrol_gateway(
        bench.context, enrolment_request(invite(bench, "north").code.secret_text, key), now_us=bench.clock.now_us()
    )
    assert refusal(bench, enrolment_request(invite(bench, "south").code.secret_text, key)) is Refused.KEY_IN_USE


def test_a_gateway_that_lost_its_key_keeps_its_id_and_its_old_key_and_password_end(bench: Bench) -> None:
    gateway = bench.gateway("north")
    bench.clock.pass_s(60)
    invitation = invite(bench, "north")
    assert (invitation.gateway_id, invitation.again) == (gateway.gateway_id, True)
    old_password = gateway.answer.broker.password
    answer = enrol_gateway(
        bench.context,
        enrolment_request(invitation.code.secret_text, SigningKey.generate()),
        now_us=bench.clock.now_us(),
    )
    assert answer.broker.password != old_password
    assert sorted(row is None for row in bench.rows(select(GatewayKey.until_us))) == [False, True]


def test_revoking_ends_keys_and_login_and_the_name_is_never_given_again(bench: Bench) -> None:
    gateway = bench.gateway("north")
    assert revoke_gateway(bench.context.db, "north", by="test", now_us=bench.clock.now_us()) == gateway.gateway_id
    with bench.context.db.reading() as session:
        assert set(broker_logins(session, bench.context.broker_master_key)) == {SERVER_USER}
        assert session.get_one(Gateway, gateway.gateway_id).state == "revoked"
    assert None not in bench.rows(select(GatewayKey.until_us))
    with pytest.raises(GatewayNameTakenError):
        invite(bench, "north")


def test_an_invitation_of_a_gateway_that_was_revoked_since_is_refused(bench: Bench) -> None:
    invitation = invite(bench)
    revoke_gateway(bench.context.db, "north", by="test", now_us=bench.clock.now_us())
    request = enrolment_request(invitation.code.secret_text, SigningKey.generate())
    assert refusal(bench, request) is Refused.REVOKED


def test_revoking_an_unknown_gateway_is_said(bench: Bench) -> None:
    with pytest.raises(UnknownGatewayError):
        revoke_gateway(bench.context.db, "nobody", by="test", now_us=bench.clock.now_us())


def test_a_raised_generation_makes_another_password() -> None:
    passwords = {broker_password(bytes(32), user, generation) for user in ("gw-a", "gw-b") for generation in (1, 2, 11)}
    assert len(passwords) == 6
    assert all(len(password) == 52 for password in passwords)


def test_only_a_hash_of_the_code_is_kept(bench: Bench) -> None:
    invitation = invite(bench)
    (row,) = bench.rows(select(EnrolmentCodeRow))
    assert invitation.code.secret_text not in (row.secret_sha256, row.gateway_id)


# ---------------------------------------------------------------------------------------------- over HTTP
@pytest.fixture
def http(bench: Bench) -> TestClient:
    from server.portal.routes import public_router
    from server.web.app import create_app

    return TestClient(create_app(bench.context, public=public_router(bench.context)))


def test_enrolment_over_http_gives_the_same_answer_and_is_never_cached(bench: Bench, http: TestClient) -> None:
    request = enrolment_request(invite(bench).code.secret_text, SigningKey.generate())
    answer = http.post("/api/v1/enrolments", json=request.model_dump(mode="json"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["gateway_id"].startswith("gw-")


def test_a_refused_enrolment_says_what_to_do_and_repeats_no_secret(bench: Bench, http: TestClient) -> None:
    request = enrolment_request("B" * 26, SigningKey.generate())
    answer = http.post("/api/v1/enrolments", json=request.model_dump(mode="json"))
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "did not give out this code" in answer.json()["detail"]
    assert "B" * 26 not in answer.text


def test_a_malformed_enrolment_is_refused_without_repeating_it(http: TestClient) -> None:
    answer = http.post("/api/v1/enrolments", json={"secret": "my-secret", "public_key": 5})
    assert answer.status_code == 422
    assert "my-secret" not in answer.text


def test_the_key_set_is_open_to_all_and_signed(bench: Bench, http: TestClient) -> None:
    answer = http.get("/api/v1/keys")
    own = PublicKeys({bench.context.signer.key_id: bench.context.signer.public_bytes})
    assert open_key_set(answer.content, own).number == 1
