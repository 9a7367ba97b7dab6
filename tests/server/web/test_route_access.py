"""Who gets what: every route, every role, own unit and another's. The table is made from the routes themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import func, select
from starlette.testclient import TestClient

from server.domain.access import PERMISSIONS, Permission, Role
from server.pages.routes import OpenToAll, RequiresPermission, UndeclaredRouteError, access_of, every_route
from server.store.tables import Act, Finding
from server.web.access import Reads, TakesForm, TakesJson
from server.web.app import create_app
from tests.server.seed import Seeded
from tests.server.seed_registers import ACCOUNTS, DAY, MARK_A, MARK_B, SECRET

SAFE = {"GET", "HEAD"}
OPEN_POSTS = {"/sign-in", "/api/v1/session", "/api/v1/enrolments"}


@dataclass(frozen=True)
class Target:
    """A route with its parameters filled by objects of one unit."""

    method: str
    path: str
    permission: Permission | None
    has_parameters: bool


def says_nothing() -> str:
    """A route's function."""
    return ""


def filled(route: APIRoute, department: Seeded, unit: str) -> str:
    """The route's path over objects of the unit. An unknown parameter fails: teach it here."""
    number = {
        "officers": {"UA": "A-03101", "UB": "B-04201"},
        "cases": {"UA": "HG-A-0001", "UB": "HG-B-0001"},
        "devices": {"UA": "BWC-A1", "UB": "BWC-B1"},
        "sites": {"UA": "S-A-1", "UB": "S-B-1"},
    }
    with department.context.db.reading() as session:
        finding = session.scalars(select(Finding.finding_id).where(Finding.unit_number == unit)).first()
    values = {
        "{day}": DAY,
        "{clip_id}": department.clips["first" if unit == "UA" else "other"],
        "{finding_id}": finding or "",
    }
    path = route.path
    for name, value in values.items():
        path = path.replace(name, value)
    if "{number:path}" in path:
        kind = path.split("{number:path}")[0].rstrip("/").rpartition("/")[2]
        path = path.replace("{number:path}", number[kind][unit])
    assert "{" not in path, f"no value for a parameter of {route.path}"
    if path.endswith("/coverage"):
        path += f"?from={DAY}T00:00:00Z&until={DAY}T12:00:00Z"
    if path == "/api/v1/answer":
        path += f"?officer={number['officers'][unit]}&at={DAY}T03:00:00Z"
    return path


def targets(app: FastAPI, department: Seeded, unit: str, methods: set[str]) -> Iterator[Target]:
    for route in every_route(app):
        access = access_of(route)
        if not isinstance(access, RequiresPermission):
            continue
        path = filled(route, department, unit)
        named = "{" in route.path or "answer" in route.path
        for method in (route.methods or set()) & methods:
            yield Target(method, path, access.permission, named)


def test_every_route_says_who_may_use_it(app: FastAPI) -> None:
    routes = every_route(app)
    assert len(routes) > 35
    for route in routes:
        access_of(route)


def test_a_route_that_says_nothing_stops_the_program(department: Seeded) -> None:
    silent = APIRouter()
    silent.add_api_route("/whatever", says_nothing)
    with pytest.raises(UndeclaredRouteError):
        create_app(department.context, public=silent)


def test_whatever_changes_something_demands_the_sessions_token(app: FastAPI) -> None:
    for route in every_route(app):
        if (route.methods or set()) <= SAFE:
            assert isinstance(access_of(route), Reads | OpenToAll), route.path
        elif route.path in OPEN_POSTS and route.methods == {"POST"}:
            assert isinstance(access_of(route), OpenToAll), route.path
        else:
            assert isinstance(access_of(route), TakesForm | TakesJson), route.path


def test_without_sign_in_pages_lead_to_the_form_and_the_api_says_401(
    app: FastAPI, department: Seeded, browser: TestClient
) -> None:
    for target in targets(app, department, "UA", {"GET"}):
        answer = browser.get(target.path)
        if target.path.startswith("/api/"):
            assert answer.status_code == 401, target
            assert answer.headers["content-type"] == "application/problem+json"
        else:
            assert answer.status_code == 303, target
            assert answer.headers["location"].startswith("/sign-in?next="), target


def test_without_sign_in_nothing_is_changed(app: FastAPI, department: Seeded, browser: TestClient) -> None:
    before = acts(department)
    for target in targets(app, department, "UA", {"POST", "DELETE", "PUT", "PATCH"}):
        assert browser.request(target.method, target.path, data={"reason": "test"}).status_code == 401, target
    assert acts(department) == before


@pytest.mark.parametrize("account", sorted(ACCOUNTS))
def test_a_role_reads_what_its_permissions_name_and_the_rest_is_absent(
    account: str, app: FastAPI, department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    role, units, own_officer = ACCOUNTS[account]
    client = signed_in(account)
    for unit in ("UA", "UB"):
        for target in targets(app, department, unit, {"GET"}):
            status = client.get(target.path).status_code
            if target.permission is not None and target.permission not in PERMISSIONS[role]:
                assert status == 404, target
            elif not target.has_parameters:
                assert status == 200, target
            elif units != "*" and unit not in units.split(","):
                assert status == 404, target
            elif own_officer is None:
                assert status in {200, 403}, target  # 403: a clip is played only after a reason


def test_an_officer_sees_the_own_day_and_no_colleagues(signed_in: Callable[[str], TestClient]) -> None:
    client = signed_in("officer-a")
    assert client.get(f"/officers/A-03101/days/{DAY}").status_code == 200
    assert client.get(f"/officers/A-03102/days/{DAY}").status_code == 404


@pytest.mark.parametrize(
    ("account", "foreign", "other_unit"), [("supervisor-b", MARK_A, "UA"), ("supervisor-a", MARK_B, "UB")]
)
def test_nothing_of_another_unit_is_in_any_answer(
    account: str,
    foreign: str,
    other_unit: str,
    app: FastAPI,
    department: Seeded,
    signed_in: Callable[[str], TestClient],
) -> None:
    client = signed_in(account)
    own_unit = "UB" if other_unit == "UA" else "UA"
    numbers = ["A-0310", "HG-A-", "BWC-A", "CAM-A"] if other_unit == "UA" else ["B-0420", "HG-B-", "BWC-B", "CAM-B"]
    for unit in (own_unit, other_unit):
        for target in targets(app, department, unit, {"GET"}):
            answer = client.get(target.path)
            text = answer.text + str(answer.headers)
            assert foreign not in text, target
            if unit == own_unit:
                for number in numbers:
                    assert number not in text, (number, target)


@pytest.mark.parametrize("account", sorted(ACCOUNTS))
def test_nobody_changes_anything_of_another_unit_or_without_the_permission(
    account: str, app: FastAPI, department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    role, units, _ = ACCOUNTS[account]
    client = signed_in(account)
    before = acts(department)
    for unit in ("UA", "UB"):
        for target in targets(app, department, unit, {"POST"}):
            forbidden = target.permission is not None and target.permission not in PERMISSIONS[role]
            foreign = units != "*" and unit not in units.split(",") and target.has_parameters
            if not (forbidden or foreign):
                continue
            fields = {"reason": "nothing to do with me", "state": "confirmed", "device": "BWC-A1"}
            if target.path.startswith("/api/"):
                answer = client.post(target.path, json={"reason": "mine"}, headers={"X-CSRF-Token": token(client)})
            else:
                answer = client.post(target.path, data={**fields, "csrf_token": token(client)})
            assert answer.status_code == 404, (target, answer.text)
    assert acts(department) == before


def test_absent_and_forbidden_read_the_same(department: Seeded, signed_in: Callable[[str], TestClient]) -> None:
    client = signed_in("supervisor-b")
    for forbidden, absent in (
        (f"/clips/{department.clips['first']}", f"/clips/{'0' * 32}"),
        ("/cases/HG-A-0001", "/cases/HG-A-9999"),
        (f"/officers/A-03101/days/{DAY}", f"/officers/A-99999/days/{DAY}"),
        (f"/api/v1/clips/{department.clips['first']}", f"/api/v1/clips/{'0' * 32}"),
        ("/api/v1/cases/HG-A-0001", "/api/v1/cases/HG-A-9999"),
    ):
        one, other = client.get(forbidden), client.get(absent)
        assert one.status_code == other.status_code == 404
        assert one.text.replace(forbidden, "") == other.text.replace(absent, "")


def test_an_administrator_sees_no_person_and_no_footage(
    app: FastAPI, department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    client = signed_in("administrator")
    assert Permission.SEE_CLIPS not in PERMISSIONS[Role.ADMINISTRATOR]
    for target in targets(app, department, "UA", {"GET"}):
        assert f"张建国{MARK_A}{SECRET}" not in client.get(target.path).text, target


def acts(department: Seeded) -> int:
    """Acts on record, sign-ins left out."""
    with department.context.db.reading() as session:
        query = select(func.count()).select_from(Act).where(Act.verb.not_in(["sign_in", "sign_out"]))
        return session.scalar(query) or 0


def token(client: TestClient) -> str:
    return str(client.csrf)  # type: ignore[attr-defined]  # set by `signed_in`
