"""A single system call fails as on a bad, full or read-only disk: nothing false is promised, and the work goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
CALLS = ("fsync", "fdatasync", "pread64", "pwrite64", "openat", "rename", "unlink")
"""Of each call and error one in the middle of the way; scripts/failing_calls runs all."""


def with_failures(checkout: Path, *options: str) -> dict[str, Any]:
    """In a program of its own, since one with several threads cannot be forked."""
    command = [sys.executable, str(checkout / "scripts" / "failing_calls_run.py"), "--json", *options]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stdout.strip())
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_call_that_fails_once_breaks_no_promise_and_stops_no_work(checkout: Path) -> None:
    told = with_failures(checkout, *(f"--call={call}" for call in CALLS), "--at-most", str(len(CALLS)))
    assert told["broken"] == []
    assert {name.split()[1] for name in told["by_call"]} == {"EIO", "ENOSPC", "EROFS", "EMFILE"}
    assert {side.partition(":")[0] for side in told["troubles"]} == {"gateway", "server"}
