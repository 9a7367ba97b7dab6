"""Gateways that upload at once, and a server that is killed meanwhile: every clip is sealed, each of them once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fault_stage.many_gateways import PORTS
from running_broker import free_port

pytestmark = [pytest.mark.kill, pytest.mark.broker, pytest.mark.timeout(300)]


def test_every_clip_of_every_gateway_is_sealed_once_while_the_server_is_killed(checkout: Path) -> None:
    """In a program of its own, since one with several threads cannot be forked."""
    command = [sys.executable, str(checkout / "scripts" / "many_gateways_run.py"), "--json", "--gateways", "3"]
    options = ["--clips", "8", "--kill-every-s", "4", "--port", str(free_port(PORTS))]
    done = subprocess.run([*command, *options], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["broken"] == []
    assert told["clips"] == 24


@pytest.mark.parametrize(
    "words",
    [("many_gateways", "--gateways", "0"), ("many_gateways", "--clips", "-1"), ("kill_campaign", "--kills", "-1")],
)
def test_a_campaign_of_nothing_is_refused_and_never_said_to_be_in_order(checkout: Path, words: tuple[str, ...]) -> None:
    script, *rest = words
    command = [sys.executable, str(checkout / "scripts" / f"{script}_run.py"), *rest]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert "Everything" not in done.stdout
