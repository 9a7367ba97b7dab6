"""`tallylight-edge reconcile`: has the running agent compare everything with the server, and tells what differs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.contract.instants import UtcMicros, rfc3339
from edge.contract.sentences import sentence
from edge.domain.overdue import is_overdue
from edge.local.status_facts import running_agent
from edge.platform.clock import Clock
from edge.platform.durable import write_durably
from edge.storage.comparing import ListedContent, former_receipts, listed_contents
from edge.storage.contents import Backlog, backlog
from edge.storage.journal import reading_journal, remembered
from edge.storage.tallies import receipted_in_all
from edge.workers.comparison import COMPARISON_KEY, REQUEST_NAME, LastComparison

_LOOK_EVERY_S, _WAIT_S = 0.3, 1800.0
_MOST_LISTED = 500


class CannotCompareError(Exception):
    """Nothing was compared; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What both lists have and lack. `not_sealed_again`: clips whose receipt the server disowned and that wait."""

    now_us: UtcMicros
    last: LastComparison
    receipted: int
    disowned: int
    sealed_again: int
    not_sealed_again: list[ListedContent]
    unknown: list[ListedContent]
    waiting: Backlog

    @property
    def is_overdue(self) -> bool:
        """Whether a clip has waited for more than a day."""
        return is_overdue(self.waiting.oldest_landed_us, self.now_us)

    @property
    def ok(self) -> bool:
        """Whether both sides hold the same, but for what is on its way."""
        return self.last.is_answered and not self.not_sealed_again and not self.is_overdue


def reconcile(data_dir: Path, clock: Clock, *, on_wait: Callable[[], None] = lambda: None) -> Reconciled:
    """Ask the running agent, wait for it, and read both lists. Raises CannotCompareError or JournalUnusableError."""
    agent = running_agent(data_dir)
    if agent is None:
        raise CannotCompareError(
            sentence("reconcile_no_agent", "no agent runs on this data folder: start it with `tallylight-edge run`")
        )
    if agent.control != "connected":
        raise CannotCompareError(
            sentence("reconcile_no_server", "the agent has no connection: `tallylight-edge doctor` says why")
        )
    request = secrets.token_hex(8)
    write_durably(data_dir / REQUEST_NAME, request.encode())
    until_s = clock.steady_s() + _WAIT_S
    while True:
        with reading_journal(data_dir / "journal.sqlite3") as rows:
            said = remembered(rows, COMPARISON_KEY)
        last = None if said is None else LastComparison.model_validate_json(said)
        if last is not None and last.request == request:
            return _read(data_dir, last, clock.now_us())
        if clock.steady_s() > until_s or running_agent(data_dir) is None:
            (data_dir / REQUEST_NAME).unlink(missing_ok=True)
            raise CannotCompareError(
                sentence("reconcile_gave_up", "the agent ended or did not come to it in time: look at its log")
            )
        on_wait()
        threading.Event().wait(_LOOK_EVERY_S)


def _read(data_dir: Path, last: LastComparison, now_us: UtcMicros) -> Reconciled:
    with reading_journal(data_dir / "journal.sqlite3") as rows:
        disowned, again, not_again = former_receipts(rows, limit=_MOST_LISTED)
        unknown = [one for one in listed_contents(rows, list(last.unknown_clips)) if one.state != "receipted"]
        return Reconciled(now_us, last, receipted_in_all(rows), disowned, again, not_again, unknown, backlog(rows))


def reconciled_json(found: Reconciled) -> dict[str, Any]:
    """For programs."""
    oldest_us = found.waiting.oldest_landed_us
    return {
        "ok": found.ok,
        "answered": found.last.is_answered,
        "compared": found.last.compared,
        "receipted": found.receipted,
        "receipts_disowned": found.disowned,
        "sealed_again": found.sealed_again,
        "not_sealed_again": [_content(one) for one in found.not_sealed_again],
        "unknown_to_server": [_content(one) for one in found.unknown],
        "waiting_clips": found.waiting.clips,
        "waiting_bytes": found.waiting.size_bytes,
        "oldest_waiting": None if oldest_us is None else rfc3339(oldest_us),
        "overdue": found.is_overdue,
    }


def _content(one: ListedContent) -> dict[str, Any]:
    return {
        "clip_id": one.clip_id,
        "size_bytes": one.size_bytes,
        "landed": rfc3339(UtcMicros(one.landed_us)),
        "state": one.state,
        "copy": one.copy,
        "inspected": one.is_inspected,
        "refusal": one.refusal_reason,
    }
