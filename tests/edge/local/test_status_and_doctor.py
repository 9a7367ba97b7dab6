"""What a person at the gateway reads, in both languages."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from edge.config import EdgeConfig, SourceConfig
from edge.contract.dsse import EVENT_PAYLOAD_TYPE, sign_envelope
from edge.contract.events import CloudEvent
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.messages import Register, RegisterDuty
from edge.local.answer_checks import answer_checks
from edge.local.checks import Check, Health
from edge.local.doctor import examine
from edge.local.status_facts import StatusFacts, agent_runs, read_status, status_json
from edge.local.status_view import show_status
from edge.local.words import word
from edge.platform.signing import SigningKey
from edge.platform.terminal import Language, language_of
from edge.storage.dockings import Docking, add_docking, mark_reported
from edge.storage.journal import remember, remembered
from edge.storage.overview import AGENT_STATE_KEY
from edge.storage.register_copy import keep_register
from edge.storage.seen_files import SeenFile, SeenState, put_seen_file
from edge.workers.agent_state import AgentState
from edge.workers.probing import InspectionProgress, OpenFile
from tests.edge.landed_clips import NOW, FakeClock, Gateway

MINUTE = 60 * MICROS_PER_SECOND


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path / "edge")
    yield made
    made.journal.close()


def fill(gateway: Gateway) -> None:
    """One device docked, one clip waiting, one refused, one file listed, a duty without footage, a register."""
    gateway.land(b"waiting")
    refused = gateway.land(b"refused")
    duty = RegisterDuty(
        number="D-1",
        device="BC-01",
        interval=TimeInterval(UtcMicros(NOW - 60 * MINUTE), UtcMicros(NOW - 30 * MINUTE)),
        kind="road",
        must_record=True,
    )
    register = Register(number=3, issued=NOW, duties=(duty,))
    event = CloudEvent(
        id="x",
        source="/server",
        type="tallylight.v1.register",
        time=NOW,
        gatewayid="gw-00000001",
        data=register.model_dump(mode="json"),
    )
    state = AgentState(
        pid=1,
        started_us=NOW,
        written_us=NOW,
        control="login_refused",
        bulk="login_refused",
        link_error="",
        set_aside={"bad_signature": 2},
        clock_synchronised=False,
        failing={"intake": "OSError"},
    )
    with gateway.journal.transaction() as rows:
        rows.execute(
            "UPDATE content SET state = 'refused', refusal_reason = 'hash_differs' WHERE clip_id = ?", (refused,)
        )
        add_docking(
            rows,
            Docking("dk-1", "folder", "", "BC-01", NOW, NOW, battery_percent=40.0, free_bytes=2**30, total_bytes=2**31),
        )
        mark_reported(rows, "dk-1", until_us=NOW)
        put_seen_file(
            rows,
            SeenFile("folder", "[red]执法[/red].txt", 1, 1, SeenState.LISTED, NOW, reason="not_media"),
        )
        keep_register(
            rows,
            register,
            sign_envelope(EVENT_PAYLOAD_TYPE, event.model_dump_json().encode(), SigningKey.generate()),
            NOW,
        )
        remember(rows, AGENT_STATE_KEY, state.model_dump_json())


def shown(facts: StatusFacts, language: Language, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width)
    show_status(facts, console, language, ZoneInfo("Asia/Shanghai"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def facts(gateway: Gateway) -> StatusFacts:
    return read_status(gateway.folder, now_us=NOW)


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("en", ["revoked", "BC-01", "40 %", "its bytes arrived changed", "not a recording", "D-1", "bad_signature 2"]),
        ("zh-CN", ["吊销", "BC-01", "40 %", "到达的数据与原始不符", "不是视音频文件", "D-1", "未通过验证的消息"]),
    ],
)
def test_status_says_what_is_wrong_and_what_to_do(gateway: Gateway, language: Language, wanted: list[str]) -> None:
    fill(gateway)
    text = shown(facts(gateway), language)
    for part in wanted:
        assert part in text
    assert "[red]执法[/red].txt" in text  # a name is data, never a command to the terminal


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_terminal_of_eighty_columns_shows_each_device_to_its_last_column(
    gateway: Gateway, language: Language
) -> None:
    fill(gateway)
    lines = shown(facts(gateway), language, 80).splitlines()
    (line,) = (line for line in lines if line.strip().startswith("BC-01"))
    assert "40 %" in line
    assert line.rstrip().endswith("GiB")


def test_status_as_json_tells_the_same(gateway: Gateway) -> None:
    fill(gateway)
    document = json.loads(json.dumps(status_json(facts(gateway))))
    assert document["running"] is True
    assert document["link"] == "login_refused"
    assert document["waiting_clips"] == 2
    assert document["devices"][0]["device"] == "BC-01"
    assert document["duties"][0]["gaps"] == [["2026-09-21T13:13:20.000000Z", "2026-09-21T13:43:20.000000Z"]]
    assert {trouble["reason"] for trouble in document["troubles"]} == {"refused:hash_differs", "file:not_media"}


def test_before_enrolment_and_before_the_first_run_status_still_answers(tmp_path: Path) -> None:
    document = status_json(read_status(tmp_path, now_us=NOW))
    assert (document["enrolled"], document["running"]) == (False, False)
    assert "tallylight-edge run" in shown(read_status(tmp_path, now_us=NOW), "en")


def test_while_the_first_run_is_making_the_journal_status_answers_as_before_it(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").touch()
    assert read_status(tmp_path, now_us=NOW).overview is None


def test_whether_an_agent_runs_is_seen_by_its_lock(gateway: Gateway) -> None:
    path = gateway.folder / "journal.sqlite3"
    assert agent_runs(path)
    gateway.journal.close()
    assert not agent_runs(path)


@pytest.mark.parametrize(
    ("setting", "locale", "language"),
    [
        ("auto", "zh_CN.UTF-8", "zh-CN"),
        ("auto", "en_GB.UTF-8", "en"),
        ("auto", "C", "en"),
        ("zh-CN", "en_GB.UTF-8", "zh-CN"),
        ("en", "zh_CN.UTF-8", "en"),
    ],
)
def test_the_language_follows_the_setting_then_the_locale(setting: str, locale: str, language: str) -> None:
    assert language_of(setting, locale) == language


def test_a_reason_from_a_newer_server_is_shown_as_it_came() -> None:
    assert word("moon_in_the_way", "zh-CN") == "moon in the way"


def checks(config: EdgeConfig) -> dict[str, Check]:
    found = examine(config, FakeClock(), log_in=lambda _identity: Check("broker", Health.GOOD, "fine"))
    return {check.subject: check for check in found}


def test_the_doctor_names_a_missing_folder_and_what_to_do(tmp_path: Path) -> None:
    config = EdgeConfig(data_dir=tmp_path, sources=(SourceConfig(name="dock", folder=tmp_path / "none"),))
    check = checks(config)["source dock"]
    assert check.health is Health.BAD
    assert "mount it" in check.advice


def test_the_doctor_refuses_a_data_folder_inside_what_is_watched(tmp_path: Path) -> None:
    data_dir = tmp_path / "watched" / "data"
    data_dir.mkdir(parents=True)
    config = EdgeConfig(data_dir=data_dir, sources=(SourceConfig(name="dock", folder=tmp_path / "watched"),))
    assert checks(config)["source dock"].health is Health.BAD


def test_the_doctor_says_how_to_enrol(tmp_path: Path) -> None:
    check = checks(EdgeConfig(data_dir=tmp_path))["enrolment"]
    assert check.health is Health.BAD
    assert "tallylight-edge enrol" in check.advice


def test_the_doctor_sees_a_damaged_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"this is no database, whatever its name says" * 100)
    assert checks(EdgeConfig(data_dir=tmp_path))["journal"].health is Health.BAD


def test_whatever_is_bad_or_doubtful_comes_with_advice(tmp_path: Path) -> None:
    for check in checks(EdgeConfig(data_dir=tmp_path / "none")).values():
        assert check.health is Health.GOOD or check.advice


@pytest.mark.parametrize(
    ("state", "said", "advised"),
    [
        (
            {"unanswered_since_us": NOW, "set_aside": {}},
            "no report was noted since",
            "knows another key for this gateway",
        ),
        (
            {"unanswered_since_us": NOW, "set_aside": {"bad_signature": 3}},
            "bear a signature unknown here",
            "enrol this gateway with a new code",
        ),
        ({"put_off_by_server": "gateway_cloned"}, "another machine runs under this gateway's id", "in an empty folder"),
        ({"put_off_by_server": "signing_stopped"}, "signs no receipts", "tallylight-server doctor"),
    ],
    ids=["its key is another", "the server's key is another", "it is the second of two", "signing is stopped"],
)
def test_connected_and_yet_unheard_is_said_with_the_likely_causes(
    gateway: Gateway, state: dict[str, object], said: str, advised: str
) -> None:
    fill(gateway)
    before = status_json(read_status(gateway.folder, now_us=NOW))
    assert (before["put_off_by_server"], before["unanswered_since"]) == (None, None)
    with gateway.journal.transaction() as rows:
        agent = AgentState.model_validate_json(remembered(rows, AGENT_STATE_KEY) or "")
        remember(rows, AGENT_STATE_KEY, agent.model_copy(update=state | {"control": "connected"}).model_dump_json())
    (check,) = answer_checks(gateway.folder)
    assert (check.health, said in check.found, advised in check.advice) == (Health.BAD, True, True)
    facts = read_status(gateway.folder, now_us=NOW)
    for language in ("en", "zh-CN"):
        key = str(state.get("put_off_by_server", "unanswered_since"))
        assert word(key, language)[:30] in shown(facts, language)


@pytest.mark.parametrize(("language", "wanted"), [("en", "Being inspected"), ("zh-CN", "正在检查")])
def test_status_says_how_far_the_inspection_is_and_what_takes_long(
    gateway: Gateway, language: Language, wanted: str
) -> None:
    fill(gateway)
    gateway.land(b"not looked into yet")
    with gateway.journal.transaction() as rows:
        rows.execute(
            "UPDATE sighting SET manifest = NULL, inspection = NULL WHERE clip_id = (SELECT max(clip_id) FROM sighting)"
        )
    told = facts(gateway)
    running = (
        OpenFile(name="long.mp4", size_bytes=3 * 2**30, since_us=NOW - 2 * MINUTE),
        OpenFile(name="short.mp4", size_bytes=9, since_us=NOW - 1),
    )
    progress = InspectionProgress(inspected=4, inspected_bytes=80 * 2**20, rate_bytes_s=20.0 * 2**20, running=running)
    agent = AgentState(
        pid=1,
        started_us=NOW,
        written_us=NOW,
        control="connected",
        bulk="connected",
        link_error="",
        set_aside={},
        clock_synchronised=True,
        failing={},
        inspection=progress,
    )
    told = replace(told, agent=agent)
    text = shown(told, language)
    assert wanted in text
    assert "4 / 5" in text
    assert "20 MiB/s" in text
    assert "long.mp4: 3.00 GiB" in text
    assert "short.mp4" not in text
    assert status_json(told)["inspection"] == {
        "waiting": 1,
        "inspected": 4,
        "inspected_bytes": 80 * 2**20,
        "rate_bytes_s": 20.0 * 2**20,
        "running": [
            {"file": one.name, "size_bytes": one.size_bytes, "since": rfc3339(UtcMicros(one.since_us))}
            for one in running
        ],
    }
