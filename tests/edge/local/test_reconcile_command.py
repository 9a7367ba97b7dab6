"""`tallylight-edge reconcile`: what a person reads of the comparison, in both languages, and when there is none."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from edge.cli import execute
from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.local import reconcile_command
from edge.local.reconcile_command import CannotCompareError, Reconciled, reconcile, reconciled_json
from edge.local.reconcile_view import show_reconciled
from edge.local.settings_file import write_settings
from edge.local.words import told
from edge.platform.terminal import Language
from edge.storage.comparing import ListedContent
from edge.storage.contents import Backlog
from edge.storage.journal import Journal, remember
from edge.workers.agent_state import AgentState
from edge.workers.comparison import COMPARISON_KEY, REQUEST_NAME, LastComparison
from tests.edge.landed_clips import NOW, FakeClock

CJK = re.compile(r"[\u4e00-\u9fff]")


def content(clip: str, copy: str) -> ListedContent:
    return ListedContent(clip * 32, 5, "landed", NOW, copy, is_inspected=True)


def found(**changed: object) -> Reconciled:
    values: dict[str, object] = {
        "now_us": NOW,
        "last": LastComparison(began_us=NOW, ended_us=NOW, is_whole=True, is_answered=True, compared=9, unknown=1),
        "receipted": 5,
        "disowned": 3,
        "sealed_again": 0,
        "not_sealed_again": [content("a", "here"), content("b", "fetching"), content("c", "gone")],
        "unknown": [content("d", "here")],
        "waiting": Backlog(4, 20, NOW),
    }
    return Reconciled(**{**values, **changed})  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_clip_that_differs_is_named_with_what_becomes_of_it(language: Language) -> None:
    lines: list[str] = []
    show_reconciled(found(), lambda said: lines.append(told(said, language)))
    assert all(any(clip * 32 in line for line in lines) for clip in "abcd")
    assert len({line.replace("a" * 32, "").replace("b" * 32, "").replace("c" * 32, "") for line in lines}) == len(lines)
    assert all(bool(CJK.search(line)) is (language == "zh-CN") for line in lines)


def test_it_is_in_order_only_where_nothing_is_lost_overdue_or_unanswered() -> None:
    good = found(not_sealed_again=[], disowned=3, sealed_again=3)
    assert good.ok
    assert reconciled_json(good)["ok"]
    assert not found().ok
    assert not found(not_sealed_again=[], now_us=UtcMicros(NOW + 2 * MICROS_PER_DAY)).ok
    last = LastComparison(began_us=NOW, ended_us=NOW, is_whole=True, is_answered=False)
    assert not found(not_sealed_again=[], last=last).ok


def test_without_a_running_agent_it_says_so_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_settings(tmp_path, None)
    with pytest.raises(SystemExit) as ended:
        execute(["reconcile", "--data", str(tmp_path), "--lang", "en"])
    assert ended.value.code == 1
    assert "tallylight-edge run" in capsys.readouterr().err
    assert not (tmp_path / REQUEST_NAME).exists()


def running(tmp_path: Path, journal: Journal, control: str) -> None:
    state = AgentState(
        pid=1,
        started_us=NOW,
        written_us=NOW,
        control=control,
        bulk=control,
        link_error="",
        set_aside={},
        clock_synchronised=True,
        failing={},
    )
    with journal.transaction() as rows:
        remember(rows, "agent_state", state.model_dump_json())


def test_an_agent_without_a_connection_cannot_compare(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal.sqlite3", now_us=NOW)
    running(tmp_path, journal, "connecting")
    with pytest.raises(CannotCompareError, match="no connection"):
        reconcile(tmp_path, FakeClock())
    journal.close()


def test_the_answer_to_this_very_question_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile_command, "_LOOK_EVERY_S", 0.01)
    journal = Journal.open(tmp_path / "journal.sqlite3", now_us=NOW)
    running(tmp_path, journal, "connected")

    def answer() -> None:
        request = (tmp_path / REQUEST_NAME).read_text()
        last = LastComparison(request=request, began_us=NOW, ended_us=NOW, is_whole=True, is_answered=True, compared=7)
        with journal.transaction() as rows:
            remember(rows, COMPARISON_KEY, last.model_dump_json())

    before = LastComparison(request="another", began_us=NOW, ended_us=NOW, is_whole=True, is_answered=True)
    with journal.transaction() as rows:
        remember(rows, COMPARISON_KEY, before.model_dump_json())
    waits = threading.Event()

    def on_wait() -> None:
        if not waits.is_set():
            waits.set()
            answer()

    assert reconcile(tmp_path, FakeClock(), on_wait=on_wait).last.compared == 7
    journal.close()
