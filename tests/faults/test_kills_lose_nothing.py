"""Power may fail at any moment on any side: nothing is lost, nothing is doubled, nothing is promised too early."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fault_stage.campaign import PORTS, Broker
from fault_stage.controls import Control
from fault_stage.moments import Victim
from running_broker import free_port

pytestmark = [pytest.mark.kill, pytest.mark.broker, pytest.mark.timeout(420)]


def killed(checkout: Path, *options: str) -> dict[str, Any]:
    """In a program of its own, since one with several threads cannot be forked."""
    command = [sys.executable, str(checkout / "scripts" / "kill_campaign_run.py"), "--json", *options]
    done = subprocess.run(
        [*command, "--port", str(free_port(PORTS))], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(("broker", "kills"), [(Broker.EMBEDDED, 1), (Broker.MOSQUITTO, 2)])
def test_programs_killed_while_clips_are_on_their_way_break_no_promise(
    checkout: Path, broker: Broker, kills: int
) -> None:
    told = killed(checkout, "--kills", str(kills), "--broker", broker, "--seed", "11")
    assert told["broken"] == []
    assert told["kills"] == kills * len(Victim)
    assert all(cost <= 1.05 * told["window_bytes"] for cost in told["sent_again_bytes"]), told["sent_again_bytes"]


def test_a_server_that_publishes_the_receipt_before_its_commit_is_caught(checkout: Path) -> None:
    told = killed(checkout, "--control", Control.RECEIPT_BEFORE_COMMIT)
    assert told["kills"] == 1  # one is enough: from then on the server itself refuses to sign
    assert any("receipt" in promise for promise in told["broken"]), told["broken"]
