"""Signing in: what opens a session, what ends one, and what nobody can learn or force from outside."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from edge.contract.instants import MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros
from server.store.tables import Account, Act, SignIn
from server.usecases.accounts import disable_account, set_password
from tests.server.seed import Seeded
from tests.server.seed_registers import NOW_US, PASSWORD


def form_token(browser: TestClient) -> str:
    page = browser.get("/sign-in").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def enter(browser: TestClient, name: str, password: str = PASSWORD, **more: str) -> object:
    fields = {"name": name, "password": password, "csrf_token": form_token(browser), **more}
    return browser.post("/sign-in", data=fields)


def test_the_right_password_opens_a_session_and_leads_to_today(browser: TestClient) -> None:
    answer = enter(browser, "supervisor-a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/today")
    assert browser.get("/today").status_code == 200


def test_the_cookie_is_for_this_site_alone_and_out_of_reach_of_scripts(browser: TestClient) -> None:
    cookie = enter(browser, "supervisor-a").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie


def test_over_https_the_cookie_has_the_host_prefix_and_is_secure(app: FastAPI) -> None:
    browser = TestClient(app, base_url="https://police.example", follow_redirects=False)
    cookie = enter(browser, "supervisor-a").headers["set-cookie"]
    assert cookie.startswith("__Host-tallylight_session=")
    assert "Secure" in cookie


def test_the_database_keeps_only_the_hash_of_the_token_and_of_the_password(
    browser: TestClient, department: Seeded
) -> None:
    enter(browser, "supervisor-a")
    token = browser.cookies["tallylight_session"]
    with department.context.db.reading() as session:
        row = session.scalars(select(SignIn)).one()
        assert token not in (row.token_sha256, row.csrf_token)
        stored = session.get_one(Account, "supervisor-a").password_hash
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_wrong_password_and_an_unknown_name_read_the_same(browser: TestClient) -> None:
    wrong, unknown = enter(browser, "supervisor-a", "not the password"), enter(browser, "nobody-at-all", PASSWORD)
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("supervisor-a", "") == unknown.text.replace("nobody-at-all", "")


def test_a_closed_account_reads_like_a_wrong_password(browser: TestClient, department: Seeded) -> None:
    with department.context.db.writing() as session:
        disable_account(session, name="supervisor-a", by="test", now_us=NOW_US)
    assert enter(browser, "supervisor-a").status_code == 401


def test_closing_an_account_ends_its_sessions(signed_in: Callable[[str], TestClient], department: Seeded) -> None:
    client = signed_in("supervisor-a")
    with department.context.db.writing() as session:
        disable_account(session, name="supervisor-a", by="test", now_us=NOW_US)
    assert client.get("/today").status_code == 303


def test_a_new_password_ends_all_sessions(signed_in: Callable[[str], TestClient], department: Seeded) -> None:
    client = signed_in("supervisor-a")
    with department.context.db.writing() as session:
        set_password(session, name="supervisor-a", password="another good password", by="test", now_us=NOW_US)
    assert client.get("/today").status_code == 303


def test_after_five_failures_the_name_must_wait_even_with_the_right_password(
    browser: TestClient, department: Seeded
) -> None:
    for _ in range(5):
        assert enter(browser, "supervisor-a", "wrong wrong wrong").status_code == 401
    refused = enter(browser, "supervisor-a")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 300
    department.clock.instant_us = UtcMicros(NOW_US + 301 * MICROS_PER_SECOND)
    assert enter(browser, "supervisor-a").status_code == 303


def test_an_unknown_name_must_wait_just_the_same(browser: TestClient) -> None:
    statuses = [enter(browser, "nobody-at-all", "wrong wrong wrong").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_one_address_cannot_try_many_names(browser: TestClient) -> None:
    statuses = [enter(browser, f"name-{count}", "wrong wrong wrong").status_code for count in range(21)]
    assert statuses == [401] * 20 + [429]


def test_the_form_without_its_token_is_refused(browser: TestClient) -> None:
    assert browser.post("/sign-in", data={"name": "supervisor-a", "password": PASSWORD}).status_code == 403
    form_token(browser)
    forged = {"name": "supervisor-a", "password": PASSWORD, "csrf_token": "x" * 43}
    assert browser.post("/sign-in", data=forged).status_code == 403


def test_signing_out_needs_the_token_and_ends_the_session(signed_in: Callable[[str], TestClient]) -> None:
    client = signed_in("supervisor-a")
    assert client.post("/sign-out").status_code == 403
    assert client.get("/today").status_code == 200
    token = client.cookies["tallylight_session"]
    assert client.post("/sign-out", data={"csrf_token": client.csrf}).status_code == 303
    client.cookies.set("tallylight_session", token)
    assert client.get("/today").status_code == 303


def test_half_an_hour_without_use_ends_a_session(signed_in: Callable[[str], TestClient], department: Seeded) -> None:
    client = signed_in("supervisor-a")
    department.clock.instant_us = UtcMicros(NOW_US + 29 * 60 * MICROS_PER_SECOND)
    assert client.get("/today").status_code == 200
    department.clock.instant_us = UtcMicros(NOW_US + 58 * 60 * MICROS_PER_SECOND)
    assert client.get("/today").status_code == 200
    department.clock.instant_us = UtcMicros(NOW_US + 89 * 60 * MICROS_PER_SECOND)
    assert client.get("/today").status_code == 303


def test_twelve_hours_end_a_session_however_busy(signed_in: Callable[[str], TestClient], department: Seeded) -> None:
    client = signed_in("auditor")
    for minutes in range(20, 12 * 60, 20):
        department.clock.instant_us = UtcMicros(NOW_US + minutes * 60 * MICROS_PER_SECOND)
        assert client.get("/api/v1/session").status_code == 200
    department.clock.instant_us = UtcMicros(NOW_US + 12 * MICROS_PER_HOUR)
    assert client.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_back_never_leads_to_another_site(elsewhere: str, browser: TestClient) -> None:
    assert enter(browser, "supervisor-a", next=elsewhere).headers["location"] == "/today"


def test_the_way_back_leads_to_the_page_that_was_asked_for(browser: TestClient) -> None:
    location = browser.get("/findings?kind=late_start").headers["location"]
    assert location == "/sign-in?next=%2Ffindings%3Fkind%3Dlate_start"
    assert (
        enter(browser, "supervisor-a", next="/findings?kind=late_start").headers["location"]
        == "/findings?kind=late_start"
    )


def test_every_sign_in_and_out_is_on_record(signed_in: Callable[[str], TestClient], department: Seeded) -> None:
    client = signed_in("supervisor-a")
    client.post("/sign-out", data={"csrf_token": client.csrf})
    with department.context.db.reading() as session:
        acts = session.scalars(select(Act).where(Act.actor == "supervisor-a").order_by(Act.index)).all()
    assert [act.verb for act in acts] == ["sign_in", "sign_out"]


def test_an_officer_starts_at_the_own_day_and_an_administrator_at_the_sites(browser: TestClient) -> None:
    assert enter(browser, "officer-a").headers["location"] == "/officers/A-03101/days/2026-11-21"
    browser.cookies.clear()
    assert enter(browser, "administrator").headers["location"] == "/staff/sites"
