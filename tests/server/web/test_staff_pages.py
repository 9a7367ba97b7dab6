"""What supervisors read on their pages, and what they do there."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from server.store.tables import Clip, Finding
from server.usecases.signing_state import resume_signing, stop_signing
from server.usecases.tell_verified import tell_outcomes
from tests.server.seed import Seeded
from tests.server.seed_registers import DAY

DAY_PAGE = f"/officers/A-03101/days/{DAY}"


@pytest.fixture
def client(signed_in: Callable[[str], TestClient]) -> TestClient:
    return signed_in("supervisor-a")


def words(page: str) -> str:
    """A page as it reads: without markup, spaces joined."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_today_says_first_what_to_do(client: TestClient) -> None:
    page = words(client.get("/today").text)
    for line in (
        "Look at 3 open gaps",
        "Ask for 1 recorder that was not handed in",
        "Check 1 monitor whose view has changed",
        "Play 2 recordings without a usable picture or sound",
        "Renew 1 certificate that has ended",
        "Check 1 gateway that is silent",
        "Find footage for 2 cases",
        "Assign 1 clip of unknown origin",
    ):
        assert line in page


def test_today_names_a_sealed_clip_that_changed_before_all_else(client: TestClient, department: Seeded) -> None:
    context, now_us = department.context, department.context.clock.now_us()
    with context.db.reading() as session:
        clip_id = session.scalars(select(Clip.clip_id).where(Clip.state == "sealed")).first()
    assert clip_id is not None
    tell_outcomes(context.db, {clip_id: "verify_file_changed"}, now_us=now_us)
    page = words(client.get("/today").text)
    assert "no receipt is signed" not in page
    assert "Do this first Find out what happened to 1 sealed clip" in page
    assert "not trusted" in words(client.get(f"/clips/{clip_id}").text)
    listed = client.get("/findings?kind=promised&state=open").text
    (finding_id,) = set(re.findall(r'href="/findings/([0-9a-f]{32})"', listed))
    page = words(client.get(f"/findings/{finding_id}").text)
    assert "bring the file back from a backup" in page


def test_today_says_since_when_no_receipt_is_signed(client: TestClient, department: Seeded) -> None:
    context = department.context
    stop_signing(context.db, "acts_broken", {"act": "3"}, now_us=context.clock.now_us())
    assert "Do this first Tell the administrator: since" in words(client.get("/today").text)
    assert client.get("/api/v1/today").json()["signing_stopped"] is not None
    resume_signing(context.db, by="operator", reason="looked", now_us=context.clock.now_us())
    assert "Tell the administrator" not in words(client.get("/today").text)


def test_every_line_of_today_leads_somewhere(client: TestClient) -> None:
    page = client.get("/today").text
    links = set(re.findall(r'href="(/[^"#]*)"', page))
    assert len(links) > 15
    for link in links:
        assert client.get(link.replace("&amp;", "&")).status_code in {200, 303}, link


def test_today_counts_only_what_is_known(client: TestClient) -> None:
    page = words(client.get("/today").text)
    assert "223.5 of 360 min" in page
    assert "4 h 00 min not known yet" in page


def test_a_unit_without_trouble_is_told_so(signed_in: Callable[[str], TestClient], department: Seeded) -> None:
    with department.context.db.writing() as session:
        for row in session.scalars(select(Finding).where(Finding.unit_number == "UB")):
            row.state = "rectified"
    page = words(signed_in("supervisor-b").get("/today").text)
    assert "No finding is open." in page


def test_the_officer_day_says_the_same_in_picture_and_table(client: TestClient) -> None:
    page = client.get(DAY_PAGE).text
    assert page.count('class="tl-band--gap"') == 2 + 1  # two on the axis, one in the legend
    table = words(page)
    assert "gap 09:00:00 09:04:00 4 min 00 s Late start: cause not known" in table
    assert "gap 11:00:00 11:12:30 12 min 30 s Interruption: file damaged" in table
    assert "recorded 11:12:30 13:00:00 1 h 48 min" in table


def test_the_clock_that_was_off_is_shown_with_what_was_corrected(client: TestClient) -> None:
    page = words(client.get(DAY_PAGE).text)
    assert "+7.000 s" in page
    assert "-7.000 s" in page


def test_a_recorder_not_docked_yet_is_not_a_gap(client: TestClient) -> None:
    page = words(client.get(f"/officers/A-03103/days/{DAY}").text)
    assert "0 gaps" in page
    assert "4 h 00 min not known yet" in page
    assert "Hand-in is due by 22 Nov 2026 18:00." in page


def test_a_day_as_known_earlier_says_so(client: TestClient) -> None:
    page = words(client.get(f"{DAY_PAGE}?known=2026-11-21T16:45").text)
    assert "As known at 21 Nov 2026 16:45:00" in page
    assert "No footage has arrived for this day." in page


def test_a_clip_says_what_was_seen_and_heard_and_asks_a_person(client: TestClient, department: Seeded) -> None:
    page = words(client.get(f"/clips/{department.clips['second']}").text)
    for line in (
        "obstructed or out of focus, more likely covered",
        "Something seems to lie before the lens from 10:15:00 to 10:25:00 (93 % sure)",
        "no visible detail",
        "The sound is switched off from 10:20:00 to 10:22:00",
        "It can be wrong: a person decides",
    ):
        assert line in page


def test_a_monitors_clip_says_how_far_its_view_has_moved(client: TestClient, department: Seeded) -> None:
    page = words(client.get(f"/clips/{department.clips['monitor']}").text)
    assert "The camera stands otherwise than commissioned" in page
    assert "the scene went 11 px right, 6 px up, 0.4 degrees counter-clockwise, zoom +1.0 %" in page


def test_a_day_shows_where_the_picture_showed_nothing(client: TestClient) -> None:
    page = client.get(DAY_PAGE).text
    assert re.search(r"tl-band--unseen[^>]*><title>obstructed or out of focus[^<]*10:15:00 – 10:25:00", page)
    assert re.search(r"tl-band--unheard[^>]*><title>muted[^<]*10:20:00 – 10:22:00", page)


@pytest.mark.parametrize("kind", ["not_seeing", "not_hearing", "view_moved"])
def test_what_a_program_saw_is_put_as_a_question(kind: str, client: TestClient) -> None:
    (link,) = set(re.findall(r'href="(/findings/[0-9a-f]+)"', client.get(f"/findings?kind={kind}").text))
    assert "A program found this, and it can be wrong" in client.get(link).text


@pytest.mark.parametrize(("tag", "heading"), [("zh-CN", "今日"), ("en", "Today")])
def test_a_language_once_chosen_stays(tag: str, heading: str, client: TestClient) -> None:
    first = client.get(f"/today?lang={tag}")
    assert f'<html lang="{tag}"' in first.text
    again = client.get("/today")
    assert f'<html lang="{tag}"' in again.text
    assert heading in again.text
    assert again.headers["content-language"] == tag


@pytest.mark.parametrize("path", ["/today", DAY_PAGE, "/findings", "/cases/without-footage", "/staff/sites", "/ask"])
def test_every_page_has_one_heading_a_title_and_a_way_past_the_header(path: str, client: TestClient) -> None:
    page = client.get(path).text
    assert page.count("<h1") == 1
    assert re.search(r"<title>[^<]+ – Tallylight</title>", page)
    assert '<a href="#main" class="govuk-skip-link">' in page
    assert '<main class="govuk-main-wrapper tl-main" id="main">' in page


def test_the_queue_is_narrowed_by_kind_state_device_and_officer(client: TestClient, department: Seeded) -> None:
    gaps = words(client.get("/findings?kind=gaps&state=open").text)
    assert "3 entries in all" in gaps
    assert "1 entry in all" in words(client.get("/findings?kind=late_start").text)
    assert "No finding fits." in words(client.get("/findings?device=NOPE").text)
    with department.context.db.reading() as session:
        own = len(session.scalars(select(Finding).where(Finding.officer_number == "A-03101")).all())
    assert f"{own} entries in all" in words(client.get("/findings?officer=A-03101").text)


def test_the_queue_can_begin_with_the_oldest(client: TestClient) -> None:
    newest = re.findall(r'href="/findings/([0-9a-f]{32})"', client.get("/findings").text)
    oldest = re.findall(r'href="/findings/([0-9a-f]{32})"', client.get("/findings?sort=oldest").text)
    assert sorted(newest) == sorted(oldest)


def test_cases_without_footage_show_what_the_recorder_did_then(client: TestClient) -> None:
    page = words(client.get("/cases/without-footage").text)
    assert "HG-A-0002" in page
    assert "HG-A-0003" in page
    assert "HG-A-0001" not in page
    assert "11:00:00 – 11:12:30 gap" in page


def test_a_clip_shows_hashes_receipt_and_both_times(client: TestClient, department: Seeded) -> None:
    page = words(client.get(f"/clips/{department.clips['first']}").text)
    assert "21 Nov 2026 09:04:07 – 10:00:07" in page
    assert "21 Nov 2026 09:04:00 – 10:00:00" in page
    assert "Signed receipt" in page
    assert department.clips["first"] in page


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("subject=officer&number=A-03101&at=2026-11-21T09:30:00", "footage shows the moment"),
        ("subject=officer&number=A-03101&at=2026-11-21T11:05:00", "the recording was interrupted"),
        ("subject=officer&number=A-03103&at=2026-11-21T15:00:00", "recorder not docked yet"),
        ("subject=case&number=HG-A-0001&at=2026-11-21T09:30:00", "sealed with a receipt"),
        ("subject=device&number=CAM-A1&at=2026-11-21T10:10:05", "certificate expired"),
    ],
)
def test_ask_gives_three_answers_with_reasons(query: str, says: str, client: TestClient) -> None:
    page = words(client.get(f"/ask?{query}").text)
    for heading in ("Was it recording?", "Can it be trusted?", "May it be used?"):
        assert heading in page
    assert says in page


def test_ask_shows_what_was_known_then_beside_what_is_known_now(client: TestClient) -> None:
    query = "subject=officer&number=A-03101&at=2026-11-21T09:30:00&known=2026-11-21T16:45:00"
    page = words(client.get(f"/ask?{query}").text)
    assert "Then as known at 21 Nov 2026 16:45:00" in page
    assert "Now as known at 21 Nov 2026 17:30:00" in page
    assert "The answer has changed since then." in page


@pytest.mark.parametrize(
    "query", ["subject=officer&number=B-04201", "subject=officer&number=nobody", "subject=device&number=BWC-A1&at=soon"]
)
def test_a_question_without_an_answer_says_what_to_check(query: str, client: TestClient) -> None:
    answer = client.get(f"/ask?{query}")
    assert answer.status_code == 200
    assert "There is no answer to this" in answer.text


@pytest.mark.parametrize(
    ("path", "key", "count"),
    [
        ("/findings.csv?state=open&kind=gaps", "finding_id", 3),
        ("/cases/without-footage.csv", "number", 2),
        ("/footage/unassigned.csv", "clip_id", 1),
        ("/staff/sites.csv", "number", 3),
    ],
)
def test_every_list_can_be_taken_away_as_csv(path: str, key: str, count: int, client: TestClient) -> None:
    answer = client.get(path)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == count
    assert all(row[key] for row in rows)


def test_no_page_in_chinese_shows_a_code(client: TestClient, department: Seeded) -> None:
    code = re.compile(r"\b[a-z]+_[a-z_]+\b")
    paths = [
        "/today",
        DAY_PAGE,
        f"/officers/A-03102/days/{DAY}",
        f"/officers/A-03103/days/{DAY}",
        "/findings?state=",
        "/cases/without-footage",
        "/cases/HG-A-0001",
        "/staff/sites",
    ]
    paths += ["/footage/unassigned", "/ask?subject=device&number=CAM-A1&at=2026-11-21T10:10:05"]
    paths += [f"/clips/{clip_id}" for clip_id in department.clips.values() if clip_id != department.clips["other"]]
    with department.context.db.reading() as session:
        ids = session.scalars(select(Finding.finding_id).where(Finding.unit_number == "UA")).all()
    paths += [f"/findings/{number}" for number in ids]
    for path in paths:
        answer = client.get(path, headers={"Accept-Language": "zh-CN"})
        assert answer.status_code == 200, path
        text = words(re.sub(r"<title>.*?</title>", "", answer.text))
        assert code.findall(text) == [], path
