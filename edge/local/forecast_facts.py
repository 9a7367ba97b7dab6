"""What is to come, for `status` and `doctor`: when all has its receipt, when the disk and a recorder fill."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge.config import EdgeConfig
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, rfc3339
from edge.domain.filling import DiskForecast, RecorderRoom, recorder_room
from edge.domain.forecast import Forecast, NotKnown, UplinkForecast, Waiting, forecast_uplink
from edge.storage.forecast_figures import last_clips_of, last_receipt_us_of, read_disk_forecast, read_waiting
from edge.storage.overview import DeviceLine
from edge.storage.register_copy import current_register
from edge.workers.agent_state import AgentState


@dataclass(frozen=True, slots=True)
class RecorderLine:
    """A device whose docking said how much room is left on it."""

    device: str
    docked_us: UtcMicros
    waiting_clips: int
    room: RecorderRoom


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Everything that is to come."""

    waiting: Waiting
    uplink: UplinkForecast
    disk: DiskForecast
    recorders: tuple[RecorderLine, ...]


def read_forecasts(
    rows: sqlite3.Connection,
    config: EdgeConfig,
    *,
    devices: Iterable[DeviceLine],
    agent: AgentState | None,
    last_state: AgentState | None,
    used_bytes: int,
    total_bytes: int,
    now_us: UtcMicros,
) -> Forecasts:
    """`agent`: the one that runs; `last_state`: what this or an earlier one wrote down last."""
    register = current_register(rows)
    waiting = read_waiting(rows, () if register is None else register.flagged_clips)
    uplink = forecast_uplink(
        waiting,
        rate_bytes_s=(last_state.rate_bytes_s or None) if last_state is not None else None,
        rule=config.uplink,
        now_us=now_us,
        obstacle=_obstacle(agent),
    )
    disk = read_disk_forecast(rows, config, used_bytes=used_bytes, total_bytes=total_bytes, now_us=now_us)
    clock_trusted = last_state is not None and last_state.clock_synchronised and not last_state.clock_unset
    recorders = tuple(
        RecorderLine(
            line.device,
            line.last_docking_us,
            line.waiting_clips,
            recorder_room(
                free_bytes=line.free_bytes,
                last_clips=last_clips_of(rows, line.device),
                waiting_clips=line.waiting_clips,
                last_receipt_us=last_receipt_us_of(rows, line.device),
                rule=config.release,
                clock_trusted=clock_trusted,
                now_us=now_us,
            ),
        )
        for line in devices
        if line.device is not None and line.free_bytes is not None and line.last_docking_us is not None
    )
    return Forecasts(waiting, uplink, disk, recorders)


def forecasts_json(forecasts: Forecasts) -> dict[str, Any]:
    """The same for programs; times RFC 3339 UTC, None where unknown."""
    uplink, disk = forecasts.uplink, forecasts.disk
    return {
        "all": _forecast_json(uplink.whole),
        "flagged": {
            "clips": forecasts.waiting.flagged.clips,
            "size_bytes": forecasts.waiting.flagged.size_bytes,
            **_forecast_json(uplink.flagged),
        },
        "held_back_clips": forecasts.waiting.held_back.clips,
        "held_back_bytes": forecasts.waiting.held_back.size_bytes,
        "rate_bytes_s": uplink.rate_bytes_s,
        "paused_until": _time(uplink.paused_until_us),
        "paused_by": None if uplink.paused_until_us is None else "uplink_hours",
        "disk": {
            "intake_bytes_s": disk.intake_bytes_s,
            "warns_at": _time(disk.warn_us),
            "drops_copies_at": _time(disk.drop_us),
            "dropping_frees_bytes": disk.frees_bytes,
            "stops_copying_at": _time(disk.stop_us),
        },
        "recorders": [
            {
                "device": line.device,
                "docked": rfc3339(line.docked_us),
                "recording_bytes_s": line.room.bytes_s,
                "recording_left_s": None if line.room.left_us is None else line.room.left_us / MICROS_PER_SECOND,
                "nearly_full": line.room.nearly_full,
                "not_released": sorted(line.room.reasons),
            }
            for line in forecasts.recorders
        ],
    }


def _obstacle(agent: AgentState | None) -> NotKnown | None:
    if agent is None:
        return NotKnown.NOT_RUNNING
    if agent.clock_unset:
        return NotKnown.CLOCK_UNSET
    if agent.control != "connected" or agent.bulk != "connected":
        return NotKnown.NOT_CONNECTED
    return NotKnown.PUT_OFF if agent.put_off_by_server else None


def _forecast_json(forecast: Forecast) -> dict[str, Any]:
    return {
        "receipted_at": _time(forecast.done_us),
        "sending_s": None if forecast.sending_us is None else forecast.sending_us / MICROS_PER_SECOND,
        "unknown_because": forecast.reason,
    }


def _time(instant_us: UtcMicros | None) -> str | None:
    return None if instant_us is None else rfc3339(instant_us)
