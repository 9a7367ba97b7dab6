"""Playing a clip: a reason once per clip and sign-in, on record before the first byte; every range asked for anew."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from server.store.tables import Act
from tests.server.seed import Seeded


def content(department: Seeded, key: str = "first") -> str:
    return f"/api/v1/clips/{department.clips[key]}/content"


def give_reason(client: TestClient, department: Seeded, key: str = "first", reason: str = "complaint 17") -> int:
    path = f"/api/v1/clips/{department.clips[key]}/views"
    return client.post(path, json={"reason": reason}, headers={"X-CSRF-Token": client.csrf}).status_code


def views(department: Seeded) -> list[Act]:
    with department.context.db.reading() as session:
        return list(session.scalars(select(Act).where(Act.verb == "view").order_by(Act.index)))


def test_without_a_reason_not_one_byte_is_given(department: Seeded, signed_in: Callable[[str], TestClient]) -> None:
    client = signed_in("supervisor-a")
    for headers in ({}, {"Range": "bytes=0-0"}, {"Range": "bytes=-10"}):
        answer = client.get(content(department), headers=headers)
        assert answer.status_code == 403
        assert department.content["first"][:12] not in answer.content


def test_with_a_reason_the_whole_file_comes_as_it_was_sealed(
    department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client = signed_in("supervisor-a")
    assert give_reason(client, department) == 201
    answer = client.get(content(department))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert answer.content == department.content["first"]
    assert answer.headers["cache-control"] == "no-store"


def test_the_reason_is_an_act_with_the_persons_name_before_the_bytes_come(
    department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client = signed_in("supervisor-a")
    give_reason(client, department, reason="  complaint   17 ")
    [act] = views(department)
    assert (act.actor, act.subject_id) == ("supervisor-a", department.clips["first"])
    assert json.loads(act.data_json) == {"reason": "complaint 17"}


def test_a_reason_is_asked_once_per_clip_and_sign_in(
    department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client, again = signed_in("supervisor-a"), signed_in("supervisor-a")
    give_reason(client, department)
    give_reason(client, department)
    assert len(views(department)) == 1
    assert client.get(content(department, "second")).status_code == 403
    assert again.get(content(department)).status_code == 403


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-99", 206, slice(0, 100)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-50", 206, slice(-50, None)),
        ("bytes=99999999-", 416, None),
    ],
)
def test_any_part_can_be_asked_for(
    asked: str, status: int, part: slice | None, department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client = signed_in("supervisor-a")
    give_reason(client, department)
    answer = client.get(content(department), headers={"Range": asked})
    assert answer.status_code == status
    if part is not None:
        assert answer.content == department.content["first"][part]


def test_after_signing_out_no_further_range_is_given(
    department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client = signed_in("supervisor-a")
    give_reason(client, department)
    token = client.cookies["tallylight_session"]
    client.post("/sign-out", data={"csrf_token": client.csrf})
    client.cookies.set("tallylight_session", token)
    assert client.get(content(department), headers={"Range": "bytes=0-1"}).status_code == 401


@pytest.mark.parametrize("account", ["supervisor-b", "administrator", "auditor"])
def test_who_may_not_play_it_finds_nothing(
    account: str, department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client = signed_in(account)
    assert give_reason(client, department) == 404
    assert client.get(content(department)).status_code == 404
    assert views(department) == []


def test_a_clip_that_is_not_sealed_cannot_be_played(department: Seeded, signed_in: Callable[[str], TestClient]) -> None:
    client = signed_in("supervisor-a")
    assert give_reason(client, department, "waiting") == 409
    assert client.get(content(department, "waiting")).status_code == 403


@pytest.mark.parametrize("reason", ["", "  ", "x", "x" * 501])
def test_a_reason_must_say_something_and_not_too_much(
    reason: str, department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client = signed_in("supervisor-a")
    assert give_reason(client, department, reason=reason) == 422
    path = f"/clips/{department.clips['first']}"
    page = client.post(f"{path}/views", data={"reason": reason, "csrf_token": client.csrf})
    assert page.status_code == 422
    assert "govuk-error-summary" in page.text
    assert views(department) == []


def test_the_page_shows_the_player_once_the_reason_is_given(
    department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client = signed_in("supervisor-a")
    path = f"/clips/{department.clips['first']}"
    assert "<video" not in client.get(path).text
    answer = client.post(f"{path}/views", data={"reason": "complaint 17", "csrf_token": client.csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert f'src="{content(department)}"' in client.get(path).text
