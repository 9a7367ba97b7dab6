"""Inspecting broken and whole films, and what was found, missed, or found where nothing is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.footage.probe_result import ProbeResult
from edge.workers.probing import Prober, probe_with
from fault_films.cases import Case
from fault_films.clean import Clean

LONGEST_S = 5.0


@dataclass(frozen=True)
class Row:
    """One film. `edge_frames`: how far the found place is from the true one, in pictures; None where it has none."""

    name: str
    expected: tuple[str, ...]
    found: tuple[str, ...]
    verdict: str
    edge_s: float | None
    seconds: float
    frame_s: float = 0.04

    @property
    def is_found(self) -> bool:
        """Whether the fault was found, under one of its codes."""
        return bool(set(self.expected) & set(self.found))

    @property
    def is_exact(self) -> bool:
        """Whether its place is right to one picture."""
        return self.edge_s is None or self.edge_s <= self.frame_s + 1e-3


@dataclass
class Outcome:
    """All rows: of broken films, and of whole ones."""

    broken: list[Row] = field(default_factory=list)
    clean: list[Row] = field(default_factory=list)

    @property
    def missed(self) -> list[Row]:
        """Broken films whose fault was not found."""
        return [row for row in self.broken if not row.is_found]

    @property
    def inexact(self) -> list[Row]:
        """Faults found more than a picture from their place."""
        return [row for row in self.broken if row.is_found and not row.is_exact]

    @property
    def false(self) -> list[Row]:
        """Whole films with a fault."""
        return [row for row in self.clean if row.found or row.verdict != "whole"]

    @property
    def late(self) -> list[Row]:
        """Verdicts that took longer than five seconds."""
        return [row for row in self.broken + self.clean if row.seconds > LONGEST_S]

    @property
    def wrong(self) -> list[Row]:
        """Every row that should be another."""
        return self.missed + self.inexact + self.false + self.late

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong


def inspect_cases(cases: Iterable[Case], folder: Path, prober: Prober) -> Iterator[Row]:
    """Each broken film written, looked into, and removed."""
    for case in cases:
        path = folder / f"case.{case.extension}"
        path.write_bytes(case.content)
        result, seconds = _timed(path, prober)
        found = tuple(dict.fromkeys(fault.code for fault in result.faults))
        yield Row(case.name, case.codes, found, result.verdict, _edge(case, result), seconds)
        path.unlink()


def inspect_clean(variants: Iterable[Clean], folder: Path, prober: Prober) -> Iterator[Row]:
    """Each whole film written, looked into, and removed."""
    for variant in variants:
        path = variant.write(folder / f"clean.{variant.extension}")
        result, seconds = _timed(path, prober)
        found = tuple(fault.code for fault in result.faults)
        yield Row(variant.name, (), found, result.verdict, None, seconds)
        path.unlink()


def inspect_files(paths: Iterable[Path], prober: Prober) -> Iterator[Row]:
    """Whole files as they are."""
    for path in paths:
        result, seconds = _timed(path, prober)
        yield Row(path.name, (), tuple(fault.code for fault in result.faults), result.verdict, None, seconds)


def _timed(path: Path, prober: Prober) -> tuple[ProbeResult, float]:
    began_s = time.monotonic()
    result = probe_with(prober, path, name=path.name, size_bytes=path.stat().st_size)
    return result, time.monotonic() - began_s


def _edge(case: Case, result: ProbeResult) -> float | None:
    """The larger of both errors, over all faults of the code together; a start alone where the end is unknown."""
    if case.span is None:
        return None
    places = [(fault.from_s, fault.to_s) for fault in result.faults if fault.code in case.codes]
    starts = [start for start, _ in places if start is not None]
    ends = [end for _, end in places if end is not None]
    if not starts:
        return 1e9
    error_s = abs(min(starts) - case.span[0])
    if ends and case.span[1] >= 0:
        error_s = max(error_s, abs(max(ends) - case.span[1]))
    return error_s
