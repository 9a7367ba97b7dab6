"""Power may fail at any moment on any side: nothing is lost, nothing is doubled, nothing is promised too early."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fault_stage.campaign import Campaign
from fault_stage.moments import MOMENTS, Moment, Victim
from running_broker import free_port

pytestmark = [pytest.mark.kill, pytest.mark.broker, pytest.mark.timeout(420)]
EARLY = Path(__file__).parent / "server_that_promises_early.py"


@pytest.mark.parametrize("victim", list(Victim))
def test_a_program_killed_while_clips_are_on_their_way_breaks_no_promise(tmp_path: Path, victim: Victim) -> None:
    campaign = Campaign(tmp_path, seed=11, port=free_port(3))
    assert campaign.run([victim] * 3, print) == []
    assert len(campaign.kills) == 3


def test_a_server_that_publishes_the_receipt_before_its_commit_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOMENTS, Victim.SERVER, (Moment.RECEIPT_COMES,))
    command = (sys.executable, str(EARLY))
    campaign = Campaign(tmp_path, seed=5, port=free_port(3), server_command=command, end_wait_s=20)
    broken = campaign.run([Victim.SERVER], print)  # one is enough: from then on the server itself refuses to sign
    assert any("receipt" in promise for promise in broken), broken
