"""What is to come, as sentences: of the uplink, of the disk, of a recorder."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, moment_of
from edge.contract.sentences import Sentence, sentence
from edge.domain.filling import DiskForecast
from edge.domain.forecast import Forecast, NotKnown, UplinkForecast, Waiting
from edge.domain.path_text import shown_text
from edge.domain.retention import KeepReason
from edge.local.forecast_facts import RecorderLine

_GIB, _KBIT_S = 1024**3, 125
_HOUR_S, _MINUTE_S = 3600, 60

_NOT_KNOWN: dict[NotKnown, Sentence] = {
    NotKnown.NOT_RUNNING: sentence("forecast_not_running", "the agent does not run"),
    NotKnown.NOT_CONNECTED: sentence("forecast_not_connected", "there is no connection"),
    NotKnown.PUT_OFF: sentence("forecast_put_off", "the server takes nothing for now"),
    NotKnown.CLOCK_UNSET: sentence("forecast_no_time", "this machine does not know what time it is"),
    NotKnown.NEVER_MEASURED: sentence("forecast_unmeasured", "the speed of the uplink was never measured"),
    NotKnown.TOO_FAR: sentence("forecast_too_far", "it takes more than a year at this speed and in these hours"),
}
_KEEPS: dict[KeepReason, Sentence] = {
    KeepReason.RULE_KEEPS: sentence("keeps_by_rule", 'the setting release = "keep" deletes nothing on a device'),
    KeepReason.NOT_RECEIPTED: sentence("keeps_unreceipted", "clips of it have no receipt yet"),
    KeepReason.WITHIN_A_DAY: sentence("keeps_a_day", "its last receipt is less than 24 hours old"),
    KeepReason.ON_HOLD: sentence("keeps_on_hold", "clips of it are held for a case"),
    KeepReason.CLOCK_FAULT: sentence("keeps_by_clock", "the clock here cannot be relied on"),
}


def uplink_sentences(waiting: Waiting, uplink: UplinkForecast, zone: ZoneInfo) -> Iterator[Sentence]:
    """When what waits has its receipt; the flagged by themselves where there are some; the pause; what is held back."""
    if waiting.whole.clips:
        done = _done(uplink.whole, zone)
        if uplink.rate_bytes_s is None:
            yield sentence("forecast_all", "everything receipted: {done}", done=done)
        else:
            speed = f"{uplink.rate_bytes_s / _KBIT_S:.0f}"
            yield sentence("forecast_at", "everything receipted: {done}, at {speed} kbit/s", done=done, speed=speed)
    if waiting.flagged.clips:
        yield sentence(
            "forecast_flagged",
            "of it flagged: {count} clips, {size} GiB, {done}",
            count=waiting.flagged.clips,
            size=f"{waiting.flagged.size_bytes / _GIB:.2f}",
            done=_done(uplink.flagged, zone),
        )
    if uplink.paused_until_us is not None:
        until = local_minute(uplink.paused_until_us, zone)
        yield sentence("forecast_paused", "paused until {until} by uplink_hours; flagged clips go on", until=until)
    if waiting.held_back.clips:
        yield sentence(
            "forecast_held_back",
            "not counted: {count} clips that the server refused or whose copy here is missing",
            count=waiting.held_back.clips,
        )


def disk_sentences(disk: DiskForecast, now_us: UtcMicros, zone: ZoneInfo) -> Iterator[Sentence]:
    """Each level that is to be reached, with what is done then; one that is reached is told elsewhere."""
    if disk.warn_us is not None and disk.warn_us > now_us:
        yield sentence(
            "disk_warns",
            "at this rate {time}: first warning (disk_warn_percent)",
            time=local_minute(disk.warn_us, zone),
        )
    if disk.drop_us is not None:
        size = f"{disk.frees_bytes / _GIB:.1f}"
        if disk.drop_us > now_us:
            yield sentence(
                "disk_drops",
                "at this rate {time}: copies here that have their receipt are dropped, which frees {size} GiB",
                time=local_minute(disk.drop_us, zone),
                size=size,
            )
        else:
            yield sentence("disk_drops_now", "copies that have their receipt are dropped: {size} GiB", size=size)
    if disk.stop_us is not None and disk.stop_us > now_us:
        yield sentence(
            "disk_stops",
            "at this rate {time}: nothing more is copied from devices, footage stays on them; uploads go on",
            time=local_minute(disk.stop_us, zone),
        )


def recorder_sentence(line: RecorderLine, zone: ZoneInfo) -> Sentence:
    """How much longer it can record, and why nothing on it is deleted."""
    left = _length(line.room.left_us or 0)
    docked, device = local_minute(line.docked_us, zone), shown_text(line.device)
    if not line.room.reasons:
        return sentence(
            "recorder_room",
            "recorder {device}: {left} of recording left when it was docked {docked}; what lies on it may be deleted",
            device=device,
            left=left,
            docked=docked,
        )
    implied = {KeepReason.WITHIN_A_DAY} if KeepReason.NOT_RECEIPTED in line.room.reasons else set()
    reasons = line.room.reasons - implied
    return sentence(
        "recorder_nearly_full",
        "recorder {device}: {left} of recording left when it was docked {docked}; not released because {reasons}",
        device=device,
        left=left,
        docked=docked,
        reasons=tuple(_KEEPS[reason] for reason in KeepReason if reason in reasons),
    )


def local_minute(instant_us: UtcMicros, zone: ZoneInfo) -> str:
    """Day and minute there."""
    return f"{moment_of(instant_us).astimezone(zone):%Y-%m-%d %H:%M}"


def _done(forecast: Forecast, zone: ZoneInfo) -> Sentence:
    if forecast.done_us is not None:
        return sentence("forecast_by", "by {time}", time=local_minute(forecast.done_us, zone))
    why = _NOT_KNOWN[forecast.reason or NotKnown.NEVER_MEASURED]
    if forecast.sending_us is None or forecast.reason is NotKnown.TOO_FAR:
        return sentence("forecast_unknown", "unknown, because {why}", why=why)
    return sentence(
        "forecast_once",
        "after {length} of sending, unknown when, because {why}",
        length=_length(forecast.sending_us),
        why=why,
    )


def _length(length_us: int) -> str:
    seconds = length_us // MICROS_PER_SECOND
    if seconds < _HOUR_S:
        return f"{-(-seconds // _MINUTE_S)} min"
    return f"{seconds // _HOUR_S} h {seconds % _HOUR_S // _MINUTE_S} min"
