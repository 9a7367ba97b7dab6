"""What is to come, as a person at the gateway reads it: when all has its receipt, when disk and recorder fill."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from edge.config import EdgeConfig
from edge.contract.events import down_event
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.messages import Register
from edge.contract.topics import DownKind
from edge.domain.filling import DiskForecast
from edge.local.forecast_checks import forecast_checks
from edge.local.forecast_words import disk_sentences
from edge.local.status_facts import StatusFacts, read_status, status_json
from edge.local.status_view import show_status
from edge.local.words import told
from edge.platform.signing import SigningKey
from edge.platform.terminal import Language
from edge.storage.dockings import Docking, add_docking
from edge.storage.journal import remember, remembered
from edge.storage.overview import AGENT_STATE_KEY
from edge.storage.register_copy import keep_register
from edge.workers.agent_state import AgentState, AgentStateWorker, read_agent_state
from tests.edge.landed_clips import GATEWAY_ID, FakeClock, Gateway

DAY_TIME = parse_rfc3339("2026-11-21T12:00:00+08:00")
SHANGHAI = ZoneInfo("Asia/Shanghai")
MIB = 1 << 20


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path / "edge")
    yield made
    made.journal.close()


def running(gateway: Gateway, **changed: object) -> None:
    """An agent wrote its state down; the journal's lock, held here, says that it runs."""
    state = {
        "pid": 1,
        "started_us": DAY_TIME,
        "written_us": DAY_TIME,
        "control": "connected",
        "bulk": "connected",
        "link_error": "",
        "set_aside": {},
        "clock_synchronised": True,
        "failing": {},
        "rate_bytes_s": 1000.0,
    }
    with gateway.journal.transaction() as rows:
        remember(rows, AGENT_STATE_KEY, AgentState.model_validate(state | changed).model_dump_json())


def facts(gateway: Gateway, now_us: UtcMicros = DAY_TIME, **settings: object) -> StatusFacts:
    config = EdgeConfig.model_validate({"data_dir": gateway.folder, **settings})
    return read_status(gateway.folder, now_us=now_us, config=config)


def shown(found: StatusFacts, language: Language = "en") -> str:
    console = Console(file=io.StringIO(), width=400)
    show_status(found, console, language, SHANGHAI)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_status_says_when_all_and_when_the_flagged_have_their_receipt(gateway: Gateway) -> None:
    gateway.land(b"x" * 3_600_000, flagged=True)
    gateway.land(b"y" * 7_200_000)
    running(gateway)
    found = facts(gateway)
    assert "everything receipted: by 2026-11-21 15:00, at 8 kbit/s" in shown(found)
    assert "of it flagged: 1 clips, 0.00 GiB, by 2026-11-21 13:00" in shown(found)
    assert "全部收到回执：预计 2026-11-21 15:00 前，速度 8 kbit/s" in shown(found, "zh-CN")
    forecast = status_json(found)["forecast"]
    assert forecast["all"] == {
        "receipted_at": "2026-11-21T07:00:00.100000Z",
        "sending_s": 10_800.1,
        "unknown_because": None,
    }
    assert forecast["flagged"]["receipted_at"] == "2026-11-21T05:00:00.050000Z"
    assert (forecast["flagged"]["clips"], forecast["flagged"]["size_bytes"]) == (1, 3_600_000)


def test_it_says_until_when_the_uplink_is_paused(gateway: Gateway) -> None:
    gateway.land(b"y" * 3_600_000)
    running(gateway)
    found = facts(gateway, uplink_hours=("20:00-06:00",))
    assert "paused until 2026-11-21 20:00 by uplink_hours; flagged clips go on" in shown(found)
    assert "因 uplink_hours 暂停至 2026-11-21 20:00" in shown(found, "zh-CN")
    assert "by 2026-11-21 21:00" in shown(found)
    forecast = status_json(found)["forecast"]
    assert (forecast["paused_until"], forecast["paused_by"]) == ("2026-11-21T12:00:00.000000Z", "uplink_hours")


@pytest.mark.parametrize(
    ("changed", "wanted", "code"),
    [
        ({"control": "unreachable"}, "unknown when, because there is no connection", "not_connected"),
        ({"put_off_by_server": "busy"}, "unknown when, because the server takes nothing", "put_off_by_server"),
        ({"clock_unset": True}, "unknown when, because this machine does not know what time it is", "time_not_known"),
        ({"rate_bytes_s": 0.0}, "unknown, because the speed of the uplink was never measured", "never_measured"),
        ({"rate_bytes_s": 0.001}, "unknown, because it takes more than a year", "too_far"),
    ],
)
def test_where_no_time_can_be_said_the_reason_is(
    gateway: Gateway, changed: dict[str, object], wanted: str, code: str
) -> None:
    gateway.land(b"y" * 3_600_000)
    running(gateway, **changed)
    assert wanted in shown(facts(gateway))
    assert status_json(facts(gateway))["forecast"]["all"]["unknown_because"] == code


def test_clips_that_the_register_names_count_as_flagged_and_refused_ones_not_at_all(gateway: Gateway) -> None:
    named, refused = gateway.land(b"named"), gateway.land(b"refused!")
    gateway.land(b"other")
    register = Register(number=1, issued=DAY_TIME, flagged_clips=(named,))
    raw = down_event(
        DownKind.REGISTER,
        register,
        gateway_id=GATEWAY_ID,
        event_id="x",
        now_us=DAY_TIME,
        signer=SigningKey.generate(),
    )
    with gateway.journal.transaction() as rows:
        keep_register(rows, register, raw, DAY_TIME)
        rows.execute("UPDATE content SET state = 'refused', refused_us = 0 WHERE clip_id = ?", (refused,))
    running(gateway)
    found = facts(gateway).forecasts
    assert found is not None
    assert (found.waiting.whole.clips, found.waiting.flagged.clips, found.waiting.held_back.clips) == (2, 1, 1)
    assert "not counted: 1 clips" in shown(facts(gateway))


def test_a_restart_knows_the_speed_that_was_measured_before(gateway: Gateway) -> None:
    running(gateway, rate_bytes_s=4321.0)
    clock, rates = FakeClock(), [0.0]
    state = AgentState(
        pid=1,
        started_us=0,
        written_us=0,
        control="connecting",
        bulk="connecting",
        link_error="",
        set_aside={},
        clock_synchronised=True,
        failing={},
    )
    worker = AgentStateWorker(
        gateway.journal,
        clock,
        lambda: state.model_dump(exclude={"pid", "started_us", "written_us", "rate_bytes_s"}),
        rate_bytes_s=lambda: rates[0],
    )

    def written() -> float:
        worker.step(clock.now_us())
        clock.steady += 31
        with gateway.journal.transaction() as rows:
            kept = read_agent_state(remembered(rows, AGENT_STATE_KEY))
        assert kept is not None
        return kept.rate_bytes_s

    assert written() == 4321.0
    rates[0] = 99.0
    assert written() == 99.0


# ------------------------------------------------------------------ disk and recorders
def docked(gateway: Gateway, free_bytes: int) -> None:
    with gateway.journal.transaction() as rows:
        add_docking(
            rows, Docking("dk-1", "folder", "", "BC-01", DAY_TIME, DAY_TIME, free_bytes=free_bytes, total_bytes=2**40)
        )


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        (
            "en",
            "recorder BC-01: 3 h 0 min of recording left when it was docked 2026-11-21 12:00; not released because"
            ' the setting release = "keep" deletes nothing on a device, clips of it have no receipt yet',
        ),
        ("zh-CN", "执法记录仪 BC-01：2026-11-21 12:00 接入时还可录 3 h 0 min；未释放的原因：设置 release"),
    ],
)
def test_a_recorder_nearly_full_is_named_with_why_nothing_on_it_is_released(
    gateway: Gateway, language: Language, wanted: str
) -> None:
    gateway.land(b"z" * MIB, recorded=(TimeInterval(DAY_TIME, UtcMicros(DAY_TIME + 1_000_000)),))
    docked(gateway, 3 * 3600 * MIB)
    running(gateway)
    assert wanted in shown(facts(gateway), language)
    (line,) = status_json(facts(gateway))["forecast"]["recorders"]
    assert (line["recording_left_s"], line["recording_bytes_s"], line["nearly_full"]) == (10_800, MIB, True)
    assert line["not_released"] == ["not_receipted", "rule_keeps", "within_a_day"]
    config = EdgeConfig(data_dir=gateway.folder)
    checks = [check for check in forecast_checks(config, DAY_TIME) if check.subject.startswith("recorder")]
    assert [told(check.found, language) for check in checks if wanted in told(check.found, language)]


def test_one_with_a_day_left_is_in_the_json_alone(gateway: Gateway) -> None:
    gateway.land(b"z" * MIB, recorded=(TimeInterval(DAY_TIME, UtcMicros(DAY_TIME + 1_000_000)),))
    docked(gateway, 24 * 3600 * MIB)
    assert "recorder BC-01" not in shown(facts(gateway))
    assert status_json(facts(gateway))["forecast"]["recorders"][0]["recording_left_s"] == 86_400


def test_what_is_done_at_each_level_is_said_before_it_is_reached() -> None:
    disk = DiskForecast(
        warn_us=DAY_TIME,
        drop_us=UtcMicros(DAY_TIME + MICROS_PER_HOUR),
        stop_us=UtcMicros(DAY_TIME + MICROS_PER_DAY),
        frees_bytes=3 << 30,
        intake_bytes_s=1.0,
    )
    said = list(disk_sentences(disk, DAY_TIME, SHANGHAI))
    assert [str(one) for one in said] == [
        "at this rate 2026-11-21 13:00: copies here that have their receipt are dropped, which frees 3.0 GiB",
        "at this rate 2026-11-22 12:00: nothing more is copied from devices, footage stays on them; uploads go on",
    ]
    assert told(said[1], "zh-CN") == "按目前速度，2026-11-22 12:00：停止从设备采集，录像留在设备上；上传继续"


def test_doctor_says_a_day_before_that_copying_will_stop(gateway: Gateway) -> None:
    """The levels are set by the disk this runs on: what is used now, and a little more."""
    usage = shutil.disk_usage(gateway.folder)
    used_percent = usage.used / (usage.used + usage.free) * 100
    clip = gateway.land(b"z")
    with gateway.journal.transaction() as rows:
        size = (usage.used + usage.free) // 100
        rows.execute("UPDATE content SET size_bytes = ?, landed_us = ? WHERE clip_id = ?", (size, DAY_TIME - 1, clip))
    levels = (used_percent + 0.1, used_percent + 0.2, used_percent + 0.5)
    config = EdgeConfig(
        data_dir=gateway.folder,
        disk_warn_percent=levels[0],
        disk_drop_released_percent=levels[1],
        disk_stop_copying_percent=levels[2],
    )
    (check,) = forecast_checks(config, DAY_TIME)
    assert check.found.startswith("within a day nothing more will be copied from devices: 2026-11-21 12:")
    assert "Connect the server" in check.advice
