"""The JSON API: what it answers, how it refuses, and that it never repeats what was sent."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from edge.contract.events import open_down
from edge.contract.manifest import open_manifest
from edge.contract.messages import Receipt
from edge.contract.topics import DownKind
from edge.platform.signing import PublicKeys
from server.store.tables import GatewayKey
from tests.server.seed import Seeded
from tests.server.seed_registers import DAY, GATEWAY_A, PASSWORD

CANARY = "<canary-7f3a>"


@pytest.fixture
def client(signed_in: Callable[[str], TestClient]) -> TestClient:
    return signed_in("supervisor-a")


def test_signing_in_gives_the_token_for_changes_and_who_one_is(browser: TestClient) -> None:
    answer = browser.post("/api/v1/session", json={"name": "supervisor-a", "password": PASSWORD})
    body = answer.json()
    assert (body["account"], body["role"], body["units"]) == ("supervisor-a", "supervisor", ["UA"])
    assert browser.get("/api/v1/session").json() == body
    assert browser.delete("/api/v1/session", headers={"X-CSRF-Token": body["csrf_token"]}).status_code == 204
    assert browser.get("/api/v1/session").status_code == 401


def test_a_form_of_another_site_cannot_sign_anybody_in(browser: TestClient) -> None:
    text = json.dumps({"name": "supervisor-a", "password": PASSWORD})
    answer = browser.post("/api/v1/session", content=text, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


def test_a_change_without_the_token_is_refused(client: TestClient, department: Seeded) -> None:
    path = f"/api/v1/clips/{department.clips['first']}/views"
    for headers in ({}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": "凭"}):
        encoded = {name: value.encode() for name, value in headers.items()}
        assert client.post(path, json={"reason": "complaint"}, headers=encoded).status_code == 403


def test_a_list_comes_in_stretches_that_join_without_a_hole(client: TestClient) -> None:
    whole = client.get("/api/v1/clips?limit=200").json()
    assert (len(whole["items"]), whole["next"], whole["total"]) == (7, None, 7)
    pieces, after = [], ""
    while after is not None:
        part = client.get(f"/api/v1/clips?limit=2&after={after}").json()
        pieces += part["items"]
        after = part["next"]
    assert pieces == whole["items"]


@pytest.mark.parametrize(("limit", "count"), [(0, 1), (-5, 1), (2, 2), (100_000, 7)])
def test_a_limit_is_clamped(limit: int, count: int, client: TestClient) -> None:
    assert len(client.get(f"/api/v1/clips?limit={limit}").json()["items"]) == count


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/clips?divice=BWC-A1",
        "/api/v1/today?limit=3",
        "/api/v1/clips?limit=many",
        "/api/v1/clips?after=nonsense",
        f"/api/v1/officers/A-03101/days/{DAY}?known=yesterday",
        "/api/v1/officers/A-03101/days/21.11.2026",
        "/api/v1/officers/A-03101/days/9999-12-31",
        "/api/v1/officers/A-03101/days/0001-01-01",
        "/api/v1/answer?device=BWC-A1&at=9999-12-30T23:59:59Z",
        "/api/v1/devices/BWC-A1/coverage?from=0001-01-02T00:00:00Z&until=9999-12-30T00:00:00Z",
        "/api/v1/answer",
        "/api/v1/answer?device=CAM-A1&officer=A-03101",
        "/api/v1/answer?device=CAM-A1&at=2026-11-21",
        "/api/v1/devices/BWC-A1/coverage",
        f"/api/v1/devices/BWC-A1/coverage?from={DAY}T10:00:00Z&until={DAY}T09:00:00Z",
        "/api/v1/clips/not-an-id",
    ],
)
def test_what_cannot_be_meant_is_refused_with_problem_details(path: str, client: TestClient) -> None:
    answer = client.get(path)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body.get("detail")


def test_no_refusal_repeats_what_was_sent(client: TestClient, department: Seeded) -> None:
    path = f"/api/v1/clips/{department.clips['first']}/views"
    answers = [
        client.get(f"/api/v1/clips?{CANARY}=1"),
        client.get(f"/api/v1/clips?limit={CANARY}"),
        client.get(f"/api/v1/clips?after={CANARY}"),
        client.get(f"/api/v1/clips/{CANARY}"),
        client.get(f"/api/v1/officers/{CANARY}/days/{DAY}"),
        client.get(f"/api/v1/{CANARY}"),
        client.post(path, json={"reason": 5, CANARY: CANARY}, headers={"X-CSRF-Token": client.csrf}),
        client.post(path, content=f'{{"reason": {CANARY}', headers={"Content-Type": "application/json"}),
        client.post("/api/v1/session", json={"name": CANARY, "password": [CANARY]}),
        client.put(f"/api/v1/{CANARY}"),
    ]
    for answer in answers:
        assert answer.status_code in {400, 401, 403, 404, 405, 422}, answer.url
        assert "canary" not in answer.text, answer.url


def test_a_body_beyond_the_limit_is_refused(client: TestClient, department: Seeded) -> None:
    path = f"/api/v1/clips/{department.clips['first']}/views"
    answer = client.post(path, content=b" " * 1_100_000, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_times_are_rfc3339_and_durations_are_microseconds(client: TestClient) -> None:
    body = client.get(f"/api/v1/officers/A-03101/days/{DAY}").json()
    assert body["span"] == ["2026-11-20T16:00:00.000000Z", "2026-11-21T16:00:00.000000Z"]
    duty = body["duties"][0]
    assert duty["times"]["expected_us"] == 4 * 3600 * 1_000_000
    states = [(stretch["state"], stretch["kind"], stretch["cause"]) for stretch in duty["stretches"]]
    assert states == [
        ("gap", "late_start", "unknown"),
        ("recorded", None, None),
        ("gap", "interruption", "file_damaged"),
        ("recorded", None, None),
    ]
    assert duty["stretches"][2]["interval"] == ["2026-11-21T03:00:00.000000Z", "2026-11-21T03:12:30.000000Z"]


def test_a_day_is_told_as_it_was_known_at_a_moment(client: TestClient) -> None:
    early = client.get(f"/api/v1/officers/A-03101/days/{DAY}?known=2026-11-21T16:45:00%2B08:00").json()
    assert early["bands"] == []
    assert early["times"]["recorded_us"] == 0
    late = client.get(f"/api/v1/officers/A-03101/days/{DAY}?known=2027-01-01T00:00:00Z").json()
    assert late["known"] == "2026-11-21T09:30:00.000000Z"


def test_a_receipt_is_given_byte_for_byte_and_its_signature_stands(client: TestClient, department: Seeded) -> None:
    clip_id = department.clips["first"]
    raw = client.get(f"/api/v1/clips/{clip_id}/receipt").content
    signer = department.context.signer
    keys = PublicKeys({signer.key_id: signer.public_bytes})
    opened = open_down(raw, DownKind.RECEIPT, gateway_id=GATEWAY_A, verifier=keys)
    assert isinstance(opened.data, Receipt)
    assert opened.data.clip_id == clip_id


def test_manifests_are_given_with_the_gateways_signature(client: TestClient, department: Seeded) -> None:
    items = client.get(f"/api/v1/clips/{department.clips['first']}/manifests").json()["items"]
    with department.context.db.reading() as session:
        keys = PublicKeys({row.key_id: row.public_key for row in session.query(GatewayKey)})
    assert [open_manifest(json.dumps(item).encode(), keys).clip_id for item in items] == [department.clips["first"]]


def test_a_clip_without_a_receipt_has_none_to_give(client: TestClient, department: Seeded) -> None:
    assert client.get(f"/api/v1/clips/{department.clips['waiting']}/receipt").status_code == 404


def test_the_three_answers_come_with_reasons_rules_and_proof(client: TestClient) -> None:
    body = client.get("/api/v1/answer?officer=A-03101&at=2026-11-21T09:30:00%2B08:00").json()
    assert body["recorded"]["verdict"] == "recorded"
    assert body["trusted"]["verdict"] == "trusted"
    assert body["usable"]["verdict"] == "usable"
    for part in ("recorded", "trusted", "usable"):
        assert set(body[part]) == {"verdict", "reasons", "rules", "proof"}
        assert body[part]["reasons"]
        assert body[part]["proof"]


def test_what_a_reason_was_given_for_is_known_to_that_session_alone(
    client: TestClient, signed_in: Callable[[str], TestClient], department: Seeded
) -> None:
    clip_id = department.clips["first"]
    client.post(f"/api/v1/clips/{clip_id}/views", json={"reason": "complaint"}, headers={"X-CSRF-Token": client.csrf})
    assert client.get(f"/api/v1/clips/{clip_id}/content").status_code == 200
    assert signed_in("supervisor-a").get(f"/api/v1/clips/{clip_id}/content").status_code == 403


@pytest.mark.parametrize(
    "header", ["content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options"]
)
@pytest.mark.parametrize(
    "path", ["/", "/today", "/sign-in", "/api/v1/today", "/no-such-page", "/static/tallylight.css"]
)
def test_every_answer_carries_the_security_headers(header: str, path: str, client: TestClient) -> None:
    assert client.get(path).headers[header]


def test_no_inline_script_or_style_may_run_and_nobody_may_frame_a_page(client: TestClient) -> None:
    policy = client.get("/today").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/today", "/findings", "/api/v1/today", "/sign-in", "/staff/sites"])
def test_staff_answers_are_never_stored(path: str, client: TestClient) -> None:
    assert client.get(path).headers["cache-control"] == "no-store"
