"""SIGKILL at every durability step of landing: after a restart one content, one sighting, one manifest, one list."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.kill

_RIGHT = {
    "contents": 1,
    "sightings": 1,
    "manifests": 1,
    "dockings": [1],
    "files_are_the_clips": True,
    "source_untouched": True,
}


def _killed_at_every_step(folder: Path, checkout: Path, *options: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.edge.kill_driver", str(folder), *options]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_a_kill_at_any_step_of_landing_loses_nothing_and_doubles_nothing(tmp_path: Path, checkout: Path) -> None:
    *killed, last = _killed_at_every_step(tmp_path, checkout)
    assert last["status"] == 0, "the run that is not killed must end by itself"
    assert {found["died"] for found in killed} >= {
        "before fsync",
        "after fsync",
        "before rename",
        "after rename",
        "before commit",
        "after commit",
    }
    wrong = [found for found in killed if not found.items() >= _RIGHT.items()]
    assert wrong == []


def test_the_control_without_reconciliation_is_caught(tmp_path: Path, checkout: Path) -> None:
    killed = _killed_at_every_step(tmp_path, checkout, "--without-reconciliation")[:-1]
    assert any(not found["files_are_the_clips"] for found in killed)
