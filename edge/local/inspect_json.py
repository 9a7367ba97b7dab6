"""An inspection as JSON for programs: codes and values, free of any language."""

from __future__ import annotations

from typing import Any

from edge.contract.instants import MICROS_PER_SECOND, rfc3339
from edge.contract.intervals import TimeInterval, total_us
from edge.contract.sentences import in_code
from edge.domain.across_files import DeviceSummary
from edge.domain.clock import applied_offset_us
from edge.domain.time_bands import BandStretch
from edge.workers.inspect_report import InspectedDevice, InspectedFile, InspectReport


def report_json(report: InspectReport) -> dict[str, Any]:
    """The report; times RFC 3339 UTC with microseconds, a file's on the device's own clock, a device's corrected.

    `media_seconds` is what has frames, `wall_seconds` from the first frame to the end of the last.
    """
    return {
        "files": [_file(file) for file in report.files],
        "devices": [_device(device) for device in report.devices],
        "problems": [{"path": problem.path, "why": in_code(problem.why)} for problem in report.problems],
    }


def _file(file: InspectedFile) -> dict[str, Any]:
    capture, probe = file.facts.capture, file.facts.probe
    told: dict[str, Any] = probe.inspection().model_dump(mode="json", exclude_none=True)
    looked: dict[str, Any] = {key: told[key] for key in ("view_model", "reference") if key in told}
    return {
        "path": file.path,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "container": probe.container,
        "verdict": file.verdict.value,
        "device": file.device,
        "start": None if capture.start is None else rfc3339(capture.start),
        "start_source": capture.start_source.value,
        "start_uncertainty_s": _seconds(capture.uncertainty_us),
        "media_seconds": _seconds(sum(end - start for start, end in probe.recorded)),
        "wall_seconds": None if probe.media_us is None else _seconds(probe.media_us),
        "faults": [
            {
                "code": fault.code,
                "from_s": fault.from_s,
                "to_s": fault.to_s,
                "detail": fault.detail,
                **({} if fault.samples is None else {"samples": list(fault.samples)}),
                **({"values": fault.values} if fault.values else {}),
            }
            for fault in file.faults
        ],
        "view": told.get("view", []),
        "sound": told.get("sound", []),
        **looked,
    }


def _device(device: InspectedDevice) -> dict[str, Any]:
    clock = device.clock
    return {
        "device": device.device,
        "clock": None
        if clock is None
        else {
            "offset_s": _seconds(clock.offset_us),
            "uncertainty_s": _seconds(clock.uncertainty_us),
            "applied": applied_offset_us(clock) == clock.offset_us,
        },
        "uncertainty_s": _seconds(device.summary.uncertainty_us),
        **_summary(device.summary),
        "seeing": [_stretch(one) for one in device.bands.seeing],
        "hearing": [_stretch(one) for one in device.bands.hearing],
    }


def _summary(summary: DeviceSummary) -> dict[str, Any]:
    drift = summary.drift
    return {
        "coverage": [_pair(interval) for interval in summary.coverage],
        "recorded_s": _seconds(total_us(summary.coverage)),
        "gaps": [
            {
                **_edges(gap.interval),
                "cause": gap.cause,
                "evidence": [in_code(evidence) for evidence in gap.evidence],
                "certain": gap.is_certain,
            }
            for gap in summary.gaps
        ],
        "overlaps": [{**_edges(overlap.interval), "files": list(overlap.names)} for overlap in summary.overlaps],
        "clock_steps": [
            {
                "at": rfc3339(step.at_us),
                "step_s": _seconds(step.step_us),
                "kind": step.kind,
                "before": step.before,
                "after": step.after,
                "evidence": [in_code(evidence) for evidence in step.evidence],
            }
            for step in summary.clock_steps
        ],
        "missing_numbers": [
            {
                "first": missing.first,
                "last": missing.last,
                "before": missing.before,
                "after": missing.after,
                "at": rfc3339(missing.at_us),
                "place": None if missing.place is None else _pair(missing.place),
            }
            for missing in summary.missing_numbers
        ],
        "duplicates": [{"file": copy.name, "of": copy.of} for copy in summary.duplicates],
        "not_counted": [{"file": one.name, "reason": one.reason} for one in summary.not_counted],
        "double_times": [
            {
                "file": double.name,
                "taken": rfc3339(double.taken_us),
                "other": rfc3339(double.other_us),
                "decided": double.decided,
            }
            for double in summary.double_times
        ],
        "still_growing": list(summary.growing),
        "drift_ppm": None if drift is None else round(drift.ppm, 1),
        "drift_uncertainty_ppm": None if drift is None else round(drift.uncertainty_ppm, 1),
        "drift_source": None if drift is None else drift.source,
        "tolerated": [_pair(interval) for interval in summary.tolerated],
        "tolerated_s": _seconds(total_us(summary.tolerated)),
    }


def _stretch(one: BandStretch) -> dict[str, Any]:
    told: dict[str, Any] = {**_edges(one.interval), "state": one.state}
    return told if one.confidence is None else {**told, "confidence": one.confidence}


def _edges(interval: TimeInterval) -> dict[str, str]:
    return {"start": rfc3339(interval.start_us), "end": rfc3339(interval.end_us)}


def _pair(interval: TimeInterval) -> list[str]:
    return [rfc3339(interval.start_us), rfc3339(interval.end_us)]


def _seconds(us: int) -> float:
    return us / MICROS_PER_SECOND
