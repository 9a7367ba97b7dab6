"""What people decide on their pages: each with a reason, on record with their name, or nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from edge.contract.instants import UtcMicros
from server.store.tables import Act, Finding
from tests.server.seed import Seeded
from tests.server.seed_registers import NOW_US


@pytest.fixture
def client(signed_in: Callable[[str], TestClient]) -> TestClient:
    return signed_in("supervisor-a")


def words(page: str) -> str:
    """A page as it reads: without markup, spaces joined."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def finding_id(department: Seeded, kind: str) -> str:
    with department.context.db.reading() as session:
        return session.scalars(select(Finding.finding_id).where(Finding.kind == kind)).one()


def act_verbs(department: Seeded, subject: str) -> list[str]:
    with department.context.db.reading() as session:
        return list(session.scalars(select(Act.verb).where(Act.subject_id == subject).order_by(Act.index)))


def test_a_step_needs_a_reason_and_is_on_record_with_the_persons_name(client: TestClient, department: Seeded) -> None:
    number = finding_id(department, "late_start")
    path = f"/findings/{number}"
    refused = client.post(f"{path}/steps", data={"state": "accepted", "reason": " ", "csrf_token": client.csrf})
    assert refused.status_code == 422
    assert "Nothing was changed" in refused.text
    done = client.post(
        f"{path}/steps", data={"state": "accepted", "reason": "battery was changed", "csrf_token": client.csrf}
    )
    assert (done.status_code, done.headers["location"]) == (303, path)
    page = words(client.get(path).text)
    assert "accepted supervisor-a battery was changed" in page
    assert len(act_verbs(department, number)) == 1


def test_a_step_that_cannot_follow_changes_nothing(client: TestClient, department: Seeded) -> None:
    number = finding_id(department, "late_start")
    answer = client.post(
        f"/findings/{number}/steps", data={"state": "withdrawn", "reason": "because", "csrf_token": client.csrf}
    )
    assert answer.status_code == 409
    assert act_verbs(department, number) == []


def test_an_officer_explains_and_the_supervisor_decides(
    signed_in: Callable[[str], TestClient], department: Seeded
) -> None:
    number = finding_id(department, "late_start")
    officer, supervisor = signed_in("officer-a"), signed_in("supervisor-a")
    steps = f"/findings/{number}/steps"
    explained = officer.post(
        steps, data={"state": "explained", "reason": "helped at a crash", "csrf_token": officer.csrf}
    )
    assert explained.status_code == 303
    forged = officer.post(steps, data={"state": "accepted", "reason": "fine by me", "csrf_token": officer.csrf})
    assert forged.status_code == 409
    decided = supervisor.post(steps, data={"state": "accepted", "reason": "plausible", "csrf_token": supervisor.csrf})
    assert decided.status_code == 303
    page = words(supervisor.get(f"/findings/{number}").text)
    assert page.index("helped at a crash") < page.index("plausible")


def test_a_form_without_the_token_changes_nothing(client: TestClient, department: Seeded) -> None:
    number = finding_id(department, "late_start")
    answer = client.post(f"/findings/{number}/steps", data={"state": "accepted", "reason": "battery was changed"})
    assert answer.status_code == 403
    assert act_verbs(department, number) == []


def test_a_link_is_confirmed_with_a_reason_and_the_case_leaves_the_list(client: TestClient, department: Seeded) -> None:
    path = f"/cases/HG-A-0002/links/{department.clips['third']}"
    form = {"state": "confirmed", "reason": "shows the driver", "csrf_token": client.csrf}
    assert client.post(path, data={**form, "reason": ""}).status_code == 422
    answer = client.post(path, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/HG-A-0002")
    assert "confirmed" in words(client.get("/cases/HG-A-0002").text)
    assert "HG-A-0002" not in client.get("/cases/without-footage").text


def test_a_case_is_exempted_with_a_reason(client: TestClient) -> None:
    form = {"reason": "only papers were served", "csrf_token": client.csrf}
    assert client.post("/cases/HG-A-0003/exemption", data=form).status_code == 303
    assert "only papers were served" in client.get("/cases/HG-A-0003").text
    assert "HG-A-0003" not in client.get("/cases/without-footage").text


def test_footage_of_unknown_origin_is_assigned_with_a_reason(client: TestClient, department: Seeded) -> None:
    path = f"/footage/unassigned/{department.clips['unknown']}"
    form = {"device": "BWC-A2", "reason": "officer brought the card", "csrf_token": client.csrf}
    assert client.post(path, data={**form, "device": "BWC-B1"}).status_code == 422
    assert client.post(path, data={**form, "reason": ""}).status_code == 422
    department.clock.instant_us = UtcMicros(NOW_US + 60_000_000)
    assert client.post(path, data=form).status_code == 303
    assert "BWC-A2" in client.get(f"/clips/{department.clips['unknown']}").text
