"""`doctor` on what is to come: a disk that fills, a recorder nearly full, an uplink too slow for what waits."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from edge.config import EdgeConfig
from edge.contract.instants import UtcMicros
from edge.contract.sentences import sentence
from edge.domain.forecast import NotKnown
from edge.local.checks import Check, Health
from edge.local.forecast_words import local_minute, recorder_sentence
from edge.local.status_facts import read_status
from edge.storage.identity import IdentityUnreadableError
from edge.storage.journal_errors import JournalUnusableError

_DISK, _FORECAST = sentence("disk", "disk"), sentence("forecast", "forecast")


def forecast_checks(config: EdgeConfig, now_us: UtcMicros) -> Iterator[Check]:
    """Nothing where nothing is to be done before it happens."""
    try:
        forecasts = read_status(config.data_dir, now_us=now_us, config=config).forecasts
    except (IdentityUnreadableError, JournalUnusableError, OSError):
        return  # other checks tell it
    if forecasts is None:
        return
    zone = ZoneInfo(config.shown_time_zone)
    stop_us = forecasts.disk.stop_us
    if stop_us is not None and stop_us > now_us and forecasts.disk.stops_soon(now_us):
        yield Check(
            _DISK,
            Health.DOUBTFUL,
            sentence(
                "disk_stops_soon",
                "within a day nothing more will be copied from devices: {time}",
                time=local_minute(stop_us, zone),
            ),
            sentence(
                "disk_stops_soon_do",
                "Connect the server, widen the uplink or free space; footage then stays on the devices",
            ),
        )
    if forecasts.uplink.whole.reason is NotKnown.TOO_FAR:
        yield Check(
            _FORECAST,
            Health.DOUBTFUL,
            sentence("forecast_slow", "at this speed and in these hours what waits takes more than a year"),
            sentence("forecast_slow_do", "Widen `uplink_hours` and `uplink_kbit_s`, or the uplink itself"),
        )
    for line in forecasts.recorders:
        if line.room.nearly_full:
            yield Check(
                sentence("recorder", "recorder {device}", device=line.device),
                Health.DOUBTFUL,
                recorder_sentence(line, zone),
                sentence("recorder_full_do", "Empty or exchange it; delete nothing on it that has no receipt yet"),
            )
