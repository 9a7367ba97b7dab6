"""Everything `status` tells, as plain values: from the journal, the identity and the disk."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config import EdgeConfig
from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros, rfc3339
from edge.local.forecast_facts import Forecasts, forecasts_json, read_forecasts
from edge.storage.identity import Identity, NotEnrolledError, load_identity
from edge.storage.journal import reading_journal, remembered
from edge.storage.journal_errors import JournalUnusableError, NoJournalError
from edge.storage.overview import AGENT_STATE_KEY, Overview, read_overview
from edge.workers.agent_state import AgentState, read_agent_state
from edge.workers.intake import STATE_KEY
from edge.workers.probing import InspectionProgress


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """`identity` None: not enrolled. `overview` None: the agent never ran here. `agent` None: it is not running.

    `intake` is the state intake wrote down last: landing, waiting_for_space or landing_disk_failing.
    """

    data_dir: Path
    now_us: UtcMicros
    identity: Identity | None
    overview: Overview | None
    agent: AgentState | None
    intake: str | None
    free_bytes: int
    total_bytes: int
    missing_folders: tuple[str, ...] = ()
    forecasts: Forecasts | None = None


def read_status(
    data_dir: Path, *, now_us: UtcMicros, folders: Iterable[Path] = (), config: EdgeConfig | None = None
) -> StatusFacts:
    """`folders` are those watched; without `config` nothing is foretold.

    Raises IdentityUnreadableError or JournalUnusableError.
    """
    try:
        identity = load_identity(data_dir)
    except NotEnrolledError:
        identity = None
    overview, agent, intake, forecasts = None, None, None, None
    disk = shutil.disk_usage(data_dir)
    journal = data_dir / "journal.sqlite3"
    with suppress(NoJournalError), reading_journal(journal) as rows:
        overview, intake = read_overview(rows, now_us=now_us), remembered(rows, STATE_KEY)
        last_state = read_agent_state(overview.agent_state)
        agent = last_state if agent_runs(journal) else None
        if config is not None:
            forecasts = read_forecasts(
                rows,
                config,
                devices=overview.devices,
                agent=agent,
                last_state=last_state,
                used_bytes=disk.used,
                total_bytes=disk.used + disk.free,
                now_us=now_us,
            )
    missing = tuple(str(folder) for folder in folders if not folder.is_dir())
    free_bytes, total_bytes = disk.free, disk.used + disk.free
    return StatusFacts(data_dir, now_us, identity, overview, agent, intake, free_bytes, total_bytes, missing, forecasts)


def running_agent(data_dir: Path) -> AgentState | None:
    """What the agent that runs on this data folder wrote down last; None where none runs or its journal is no use."""
    journal = data_dir / "journal.sqlite3"
    if not agent_runs(journal):
        return None
    try:
        with reading_journal(journal) as rows:
            return read_agent_state(remembered(rows, AGENT_STATE_KEY))
    except JournalUnusableError:
        return None  # another check tells it


def agent_runs(journal: Path) -> bool:
    """Whether an agent holds the journal's lock now."""
    try:
        descriptor = os.open(journal.with_name(journal.name + ".lock"), os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # no lock file, or not ours to open: no agent of this data folder that we could know of
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def status_json(facts: StatusFacts) -> dict[str, Any]:
    """The same as a JSON object; times RFC 3339 UTC."""
    overview, agent = facts.overview, facts.agent
    document: dict[str, Any] = {
        "gateway_id": None if facts.identity is None else facts.identity.gateway_id,
        "enrolled": facts.identity is not None,
        "running": agent is not None,
        "link": None if agent is None else agent.control,
        "link_error": None if agent is None else agent.link_error or None,
        "put_off_by_server": None if agent is None else agent.put_off_by_server or None,
        "unanswered_since": None if agent is None else _time(_instant(agent.unanswered_since_us)),
        "intake": facts.intake,
        "missing_folders": list(facts.missing_folders),
        "failing": {} if agent is None else agent.failing,
        "set_aside": {} if agent is None else agent.set_aside,
        "clock_synchronised": None if agent is None else agent.clock_synchronised,
        "clock_unset": None if agent is None else agent.clock_unset,
        "free_bytes": facts.free_bytes,
        "total_bytes": facts.total_bytes,
    }
    if overview is None:
        return document
    return document | {
        "waiting_clips": overview.backlog.clips,
        "waiting_bytes": overview.backlog.size_bytes,
        "oldest_waiting": _time(overview.backlog.oldest_landed_us),
        "receipted_clips": overview.receipted_clips,
        "last_receipt": _time(overview.last_receipt_us),
        "unnoted_messages": overview.unnoted_messages,
        "resting_files": overview.resting_files,
        "inspection": _inspection(overview, agent),
        "register_number": overview.register_number,
        "forecast": None if facts.forecasts is None else forecasts_json(facts.forecasts),
        "devices": [
            {
                "device": line.device,
                "clips": line.clips,
                "waiting_clips": line.waiting_clips,
                "receipted_clips": line.receipted_clips,
                "last_docking": _time(line.last_docking_us),
                "battery_percent": line.battery_percent,
                "free_bytes": line.free_bytes,
                "total_bytes": line.total_bytes,
                "clock_offset_s": None if line.clock_offset_us is None else line.clock_offset_us / 1e6,
            }
            for line in overview.devices
        ],
        "troubles": [
            {"reason": trouble.reason, "example": trouble.subject, "count": trouble.count}
            for trouble in overview.troubles
        ],
        "duties": [
            {
                "duty": duty.number,
                "device": duty.device,
                "start": rfc3339(duty.interval.start_us),
                "end": rfc3339(duty.interval.end_us),
                "recorded_s": duty.total_us(CoverageState.RECORDED) / 1e6,
                "undetermined_s": duty.total_us(CoverageState.UNDETERMINED) / 1e6,
                "gaps": [[rfc3339(gap.start_us), rfc3339(gap.end_us)] for gap in duty.gaps],
            }
            for duty in overview.duties
        ],
    }


def _inspection(overview: Overview, agent: AgentState | None) -> dict[str, Any]:
    """How many of how many, how fast, and what is being looked into since when."""
    progress = InspectionProgress() if agent is None else agent.inspection
    return {
        "waiting": overview.uninspected,
        "inspected": progress.inspected,
        "inspected_bytes": progress.inspected_bytes,
        "rate_bytes_s": progress.rate_bytes_s,
        "running": [
            {"file": one.name, "size_bytes": one.size_bytes, "since": rfc3339(UtcMicros(one.since_us))}
            for one in progress.running
        ],
    }


def _instant(us: int | None) -> UtcMicros | None:
    return None if us is None else UtcMicros(us)


def _time(instant_us: UtcMicros | None) -> str | None:
    return None if instant_us is None else rfc3339(instant_us)
