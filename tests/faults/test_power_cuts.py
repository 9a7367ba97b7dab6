"""The power of a disk fails at any moment: what was promised until then stands on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fault_stage.controls import CAUGHT_BY_POWER_CUTS

pytestmark = [pytest.mark.power_cut, pytest.mark.kill, pytest.mark.timeout(300)]


def cut(checkout: Path, *options: str) -> list[dict[str, Any]]:
    """In a program of its own, since its mounts are its own and one with several threads cannot be forked."""
    command = [sys.executable, str(checkout / "scripts" / "power_cuts_run.py"), "--json", *options]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stdout.strip())
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


def test_a_power_cut_breaks_no_promise(checkout: Path) -> None:
    (told,) = cut(checkout, "--cuts", "2", "--seed", "3")
    assert told["cuts"] == 2
    assert told["violations"] == []


def test_what_is_promised_before_it_is_on_the_disk_is_caught(checkout: Path) -> None:
    controls = [word for control in CAUGHT_BY_POWER_CUTS for word in ("--control", control.value)]
    told = cut(checkout, "--cuts", "15", *controls)
    assert [one["control"] for one in told if not one["violations"]] == []
    assert len(told) == len(CAUGHT_BY_POWER_CUTS)
