"""What the generator wrote down before the programs started, and the comparison with what they found. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval, union

GAP_KINDS = frozenset({"late_start", "interruption", "early_stop", "nothing_recorded", "no_recorder_assigned"})
CLOSED_STATES = frozenset({"withdrawn", "rectified"})


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One fault that the generator planted; see `demo_town.plan.Planted`."""

    fault: str
    expected: str
    device: str | None
    officer: str | None
    duty: str | None
    gap: TimeInterval | None


@dataclass(frozen=True, slots=True)
class Truth:
    """The generator's own account. `clips` maps SHA-256 to file name; `coverage` and gaps are in true time."""

    made_us: UtcMicros
    day: str
    clips: Mapping[str, str]
    coverage: Mapping[str, Sequence[TimeInterval]]
    planted: Sequence[PlantedFault]
    duty_officers: Mapping[str, str]
    cases: Mapping[str, bool]
    public_sites: frozenset[str]
    hidden_sites: frozenset[str]


@dataclass(frozen=True, slots=True)
class SeenFinding:
    """A finding as the API shows it."""

    kind: str
    cause: str | None
    device: str | None
    officer: str | None
    duty: str | None
    interval: TimeInterval | None

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        told = {"kind": self.kind, "cause": self.cause, "device": self.device, "officer": self.officer}
        return {**told, "duty": self.duty, "interval": str(self.interval) if self.interval else None}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server says: open findings, coverage by device, states of each duty's stretches."""

    findings: Sequence[SeenFinding]
    coverage: Mapping[str, Sequence[TimeInterval]]
    duty_states: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class FaultResult:
    """How a planted fault showed. `found` None: missed. `edge_error_ms` None: it has no edge, or was missed."""

    fault: str
    expected: str
    found: str | None
    edge_error_ms: float | None = None

    @property
    def right(self) -> bool:
        """Whether the fault was found, and as what it is."""
        return self.found == self.expected


@dataclass(slots=True)
class Comparison:
    """The whole comparison."""

    planted: list[FaultResult] = field(default_factory=list)
    false_findings: list[SeenFinding] = field(default_factory=list)


def read_truth(document: Mapping[str, Any]) -> Truth:
    """The truth from its JSON form."""
    return Truth(
        made_us=parse_rfc3339(document["made"]),
        day=document["day"],
        clips={clip["sha256"]: clip["file"] for clip in document["clips"]},
        coverage={device: [_interval(pair) for pair in pairs] for device, pairs in document["coverage"].items()},
        planted=[
            PlantedFault(
                p["fault"],
                p["expected"],
                p["device"],
                p["officer"],
                p["duty"],
                _interval(p["gap"]) if p["gap"] else None,
            )
            for p in document["planted"]
        ],
        duty_officers={number: duty["officer"] for number, duty in document["duties"].items()},
        cases={case["number"]: case["has_footage"] for case in document["cases"]},
        public_sites=frozenset(document["public_sites"]),
        hidden_sites=frozenset(site["number"] for site in document["hidden_sites"]),
    )


def compare(truth: Truth, seen: Seen) -> Comparison:
    """Each planted fault with what was found for it, and every open finding that no planted fault explains."""
    result = Comparison()
    explained: set[int] = set()
    for fault in truth.planted:
        found, belonging = _find(fault, truth, seen)
        result.planted.append(found)
        explained.update(id(finding) for finding in belonging)
    result.false_findings = [finding for finding in seen.findings if id(finding) not in explained]
    return result


def _find(fault: PlantedFault, truth: Truth, seen: Seen) -> tuple[FaultResult, list[SeenFinding]]:
    match fault.fault:
        case "late_start" | "no_recorder":
            return _gap_result(fault, [f for f in seen.findings if f.kind == fault.expected and f.duty == fault.duty])
        case "interruption" | "monitor_interruption":
            return _gap_result(fault, _gaps_there(fault, seen, damaged=False), with_cause=True)
        case "truncated_file":
            return _truncated(fault, seen)
        case "expired_certificate" | "moved_monitor":
            return _by_device(fault, seen, None)
        case "covered_lens":
            there = [one for one in seen.findings if one.kind == fault.expected and one.device == fault.device]
            return _gap_result(fault, there)
        case "clock_7s":
            device = fault.device or ""
            error_ms = edge_error_ms(truth.coverage[device], seen.coverage.get(device, ()))
            return _by_device(fault, seen, error_ms)
        case _:
            states = seen.duty_states.get(fault.duty or "", frozenset())
            return FaultResult(fault.fault, fault.expected, ", ".join(sorted(states)) or None), []


def _gap_result(
    fault: PlantedFault, candidates: list[SeenFinding], *, with_cause: bool = False
) -> tuple[FaultResult, list[SeenFinding]]:
    if not candidates or fault.gap is None:
        return FaultResult(fault.fault, fault.expected, None), []
    gap = fault.gap
    best = min(candidates, key=lambda finding: _distance_ms(gap, finding.interval))
    text = f"{best.kind}, {best.cause}" if with_cause else best.kind
    return FaultResult(fault.fault, fault.expected, text, _distance_ms(gap, best.interval)), [best]


def _gaps_there(fault: PlantedFault, seen: Seen, *, damaged: bool) -> list[SeenFinding]:
    """Gaps of the fault's duty (for a monitor: of the device) that share an instant with the fault's own gap."""
    return [
        finding
        for finding in seen.findings
        if finding.kind in GAP_KINDS
        and finding.duty == fault.duty
        and (fault.duty is not None or finding.device == fault.device)
        and (finding.cause == "file_damaged") is damaged
        and finding.interval is not None
        and fault.gap is not None
        and finding.interval.overlaps(fault.gap)
    ]


def _truncated(fault: PlantedFault, seen: Seen) -> tuple[FaultResult, list[SeenFinding]]:
    """Both must be there: the damaged clip, and the hole that it left in what was to be recorded."""
    clips = [finding for finding in seen.findings if finding.kind == "clip_damaged" and finding.device == fault.device]
    result, gaps = _gap_result(fault, _gaps_there(fault, seen, damaged=True))
    text = "file_damaged" if gaps and clips else "clip_damaged" if clips else None
    return FaultResult(fault.fault, fault.expected, text, result.edge_error_ms), [*clips, *gaps]


def _by_device(fault: PlantedFault, seen: Seen, error_ms: float | None) -> tuple[FaultResult, list[SeenFinding]]:
    there = [finding for finding in seen.findings if finding.kind == fault.expected and finding.device == fault.device]
    return FaultResult(fault.fault, fault.expected, fault.expected if there else None, error_ms), there


def edge_error_ms(true: Iterable[TimeInterval], found: Iterable[TimeInterval]) -> float | None:
    """The largest error of an edge of coverage, in milliseconds; None where the number of stretches differs."""
    pairs = list(zip(union(true), union(found), strict=False))
    if not pairs or len(pairs) != len(union(true)) or len(pairs) != len(union(found)):
        return None
    return max(_distance_ms(one, other) for one, other in pairs)


def _distance_ms(true: TimeInterval, found: TimeInterval | None) -> float:
    if found is None:
        return float("inf")
    return max(abs(true.start_us - found.start_us), abs(true.end_us - found.end_us)) / 1000


def _interval(pair: Sequence[str]) -> TimeInterval:
    return TimeInterval(parse_rfc3339(pair[0]), parse_rfc3339(pair[1]))
