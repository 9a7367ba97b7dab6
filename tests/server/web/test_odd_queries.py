"""Whatever a query says, an address answers: with a page, or with what is wrong about the query, never with a fault."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from starlette.testclient import TestClient

from server.pages.routes import every_route
from tests.server.seed import Seeded
from tests.server.web.test_route_access import filled

ODD = (
    "9999999999999999999~x",
    "-9999999999999999999~x",
    "٣~x",
    "0~\x00",
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass"),
    "99999999999999999999999",
    "-1",
    "1e400",
    "NaN",
    "0001-01-01",
    "9999-12-31",
    "1900-01-01",
    "2199-12-31",
    "0001-01-01T00:00:00+14:00",
    "2199-12-31T23:59:59-12:00",
    "1900-01-01T00:00:00Z",
    "2026-11-20T24:00:00Z",
    "2026-W47-5",
    "%' OR 1=1 --",
    "超" * 128,
    " ",
)


def names(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*(names(part) for part in dependant.dependencies))


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_value_of_a_query_is_a_fault(
    odd: str | bytes, app: FastAPI, department: Seeded, signed_in: Callable[[str], TestClient]
) -> None:
    browser = signed_in("supervisor-all")
    browser_app = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False)
    browser_app.cookies = browser.cookies
    faults = []
    for route in every_route(app):
        if "GET" not in (route.methods or set()):
            continue
        path = filled(route, department, "UA")
        for name in sorted(names(route.dependant)):
            kept = [part for part in path.partition("?")[2].split("&") if part and not part.startswith(f"{name}=")]
            answer = browser_app.get(path.partition("?")[0] + "?" + "&".join([*kept, urlencode({name: odd})]))
            if answer.status_code >= 500:
                faults.append((path, name, answer.status_code))
    assert faults == []


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_name_in_an_address_is_a_fault(
    odd: str | bytes, app: FastAPI, signed_in: Callable[[str], TestClient]
) -> None:
    browser = signed_in("supervisor-all")
    browser_app = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False)
    browser_app.cookies = browser.cookies
    faults = []
    for route in every_route(app):
        if "GET" in (route.methods or set()) and "{" in route.path:
            path = re.sub(r"{[^}]*}", quote(odd, safe=""), route.path)
            answer = browser_app.get(path)
            if answer.status_code >= 500:
                faults.append((path, answer.status_code))
    assert faults == []
