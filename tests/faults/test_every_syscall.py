"""A program may end before any of its system calls: what it had promised until then holds, and the work goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fault_stage.controls import CAUGHT_BY_KILLS
from fault_stage.syscalls import Scene

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]


def ended_at_some(checkout: Path, *options: str) -> list[dict[str, Any]]:
    """In a program of its own, since one with several threads cannot be forked."""
    command = [sys.executable, str(checkout / "scripts" / "syscall_campaign_run.py"), "--json", *options]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stdout.strip())
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


def test_an_end_before_any_system_call_breaks_no_promise(checkout: Path) -> None:
    told = ended_at_some(checkout, "--at-most", "4")
    assert [one["scene"] for one in told] == list(Scene)
    assert [one["violations"] for one in told] == [[], [], []]
    assert min(one["points"] for one in told) >= 4


def test_a_promise_that_is_given_too_early_is_caught(checkout: Path) -> None:
    controls = [word for control in CAUGHT_BY_KILLS for word in ("--control", control.value)]
    told = ended_at_some(checkout, "--at-most", "6", *controls)
    assert [one["control"] for one in told if not one["violations"]] == []
    assert len(told) == len(CAUGHT_BY_KILLS)
