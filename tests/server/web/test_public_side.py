"""The public side: what it shows, and that nothing else is in any byte of it."""

from __future__ import annotations

import csv
import io
import json

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from server.domain.access import Role, Scope
from server.pages.routes import OpenToAll, access_of, every_route
from server.usecases.sites import sites
from tests.server.seed import Seeded
from tests.server.seed_registers import DAY, MARK_A, NOW_US, SECRET

ADDRESSES = [
    "/",
    "/?lang=en",
    "/?lang=zh-CN",
    "/?q=%E8%BF%9E%E9%9C%8D",
    f"/?q={SECRET}",
    "/?kind=%E6%B5%8B%E9%80%9F",
    "/?after=0~S-A-1",
    "/sites/S-A-1",
    "/sites/S-A-2?lang=en",
    "/sites/S-B-1",
    f"/sites/S-A-9-{SECRET}",
    "/sites/S-A-9",
    "/sites.geojson",
    "/sites.csv",
    "/sign-in",
    "/sign-in?next=/today",
    "/livez",
    "/readyz",
    "/api/v1/keys",
    "/api/v1/session",
    "/no-such-page",
    "/api/v1/no-such-address",
    f"/officers/A-03101/days/{DAY}",
    "/static/tallylight.css",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_officer_no_serial_and_no_unannounced_site_in_any_public_byte(address: str, browser: TestClient) -> None:
    answer = browser.get(address)
    asked = answer.text.replace(f'value="{SECRET}"', "")  # the searcher's own word in the search field
    for text in (asked, str(answer.headers)):
        assert SECRET not in text
        for number in ("A-031", "B-042", "BWC-", "CAM-", "HG-A", "不公开路", "supervisor"):
            assert number not in text.replace("/officers/A-03101", "").replace("officers%2FA-03101", "")


def test_the_canary_is_there_for_those_who_may_see_it(department: Seeded, app: FastAPI) -> None:
    with department.context.db.reading() as session:
        scope = Scope("test", Role.SUPERVISOR, None)
        found = sites(session, scope=scope, rules=department.context.rules, now_us=NOW_US)
    assert any(SECRET in site.number for site in found.items)


def test_every_open_route_is_named_here(app: FastAPI) -> None:
    """A new open route must be looked at: add it to the addresses above."""
    seen = {address.partition("?")[0] for address in ADDRESSES}
    for route in every_route(app):
        if isinstance(access_of(route), OpenToAll) and "GET" in (route.methods or set()):
            path = route.path.replace("{number:path}", "S-A-1")
            assert path in seen, path


def test_announced_sites_can_be_searched_by_any_word_without_javascript(browser: TestClient) -> None:
    page = browser.get("/?q=连霍").text
    assert "S-A-1" in page
    assert "S-B-1" not in page


def test_an_unannounced_site_reads_like_one_that_does_not_exist(browser: TestClient) -> None:
    hidden, absent = browser.get(f"/sites/S-A-9-{SECRET}"), browser.get("/sites/S-A-8-nothing")
    assert hidden.status_code == absent.status_code == 404
    strip = [hidden.text.replace(str(hidden.url.path), ""), absent.text.replace(str(absent.url.path), "")]
    assert strip[0].count("\n") == strip[1].count("\n")


def test_the_geojson_has_one_point_per_announced_site_with_public_fields_alone(browser: TestClient) -> None:
    answer = browser.get("/sites.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    features = json.loads(answer.text)["features"]
    assert [feature["id"] for feature in features] == ["S-A-1", "S-A-2", "S-B-1"]
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [103.8201, 36.0712]}
    assert set(features[0]["properties"]) == {
        "site_number",
        "kind",
        "road",
        "direction",
        "stake",
        "district",
        "violations",
        "stage",
        "notice_date",
        "enforcement_date",
        "basis",
        "unit_name",
        "verified_until",
    }


def test_the_csv_opens_in_a_spreadsheet_and_runs_nothing_there(browser: TestClient) -> None:
    body = browser.get("/sites.csv").content
    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert [row["site_number"] for row in rows] == ["S-A-1", "S-A-2", "S-B-1"]
    assert rows[2]["violations"] == "'=超速"
    assert rows[0]["longitude_deg"] == "103.8201"


def test_open_data_is_not_sent_again_to_those_who_have_it(browser: TestClient) -> None:
    tag = browser.get("/sites.csv").headers["etag"]
    assert browser.get("/sites.csv", headers={"If-None-Match": tag}).status_code == 304


def test_the_unit_is_named_as_the_public_knows_it(browser: TestClient) -> None:
    assert f"城东大队{MARK_A}" in browser.get("/sites/S-A-1").text
