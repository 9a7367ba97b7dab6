"""Disks that fill, run out of names or turn read-only, programs without descriptors: told, and survived."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from running_broker import free_port

pytestmark = [pytest.mark.kill, pytest.mark.broker, pytest.mark.timeout(420)]
TOLD = {
    "clips: full": "store_full",
    "clips: no names": "store_full",
    "clips: read-only": "store_full",
    "rows: full": "full",
    "journal: full": "the disk is full",
    "server: no descriptors": "met",
    "gateway: no descriptors": "met",
}


@pytest.fixture(scope="module")
def told(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """In a program of its own, since its mounts are its own."""
    folder = tmp_path_factory.mktemp("volumes")
    paths = [checkout, checkout / "scripts", checkout / "tests" / "contract_broker"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    program = Path(__file__).with_name("volumes_stage.py")
    command = [sys.executable, str(program), str(folder / "stage"), str(free_port(3))]
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_nothing_promised_is_lost_and_all_is_sealed_once_it_is_over(told: dict[str, Any]) -> None:
    assert told["broken"] == []


@pytest.mark.parametrize("fault", TOLD)
def test_while_it_lasts_it_is_told(told: dict[str, Any], fault: str) -> None:
    assert TOLD[fault] in told["told"].get(fault, "")
