"""What the demo found, as JSON for machines and as a table for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table

from demo_stage.truth import FaultResult, SeenFinding
from demo_stage.words import DemoConsole
from edge.contract.sentences import sentence


@dataclass(slots=True)
class Report:
    """The result of one run. Counts are read back through the HTTP API."""

    clips: int = 0
    sealed: int = 0
    receipts_verified: int = 0
    planted: Sequence[FaultResult] = ()
    false_findings: Sequence[SeenFinding] = ()
    gaps: int = 0
    findings: int = 0
    links: int = 0
    sites: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether everything was sealed, verified and found, and nothing else was."""
        return (
            self.clips == self.sealed == self.receipts_verified
            and all(fault.right for fault in self.planted)
            and not self.false_findings
            and not self.wrong
        )

    def save(self, path: Path) -> None:
        """Write the JSON form."""
        told = {
            "clips": self.clips,
            "sealed": self.sealed,
            "receipts_verified": self.receipts_verified,
            "planted": [asdict(fault) for fault in self.planted],
            "false_findings": [finding.as_json() for finding in self.false_findings],
            "gaps": self.gaps,
            "findings": self.findings,
            "links": self.links,
            "sites": self.sites,
            "seconds": round(self.seconds, 1),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def show(self, console: DemoConsole) -> None:
        """Print the counts, and each planted fault with what was found for it."""
        counts = sentence(
            "demo_counts",
            "{sealed} of {clips} clips sealed, {receipts} receipts verified; {gaps} gaps, {findings} findings,"
            " {links} links, {sites} public sites in {seconds:.0f} s",
            sealed=self.sealed,
            clips=self.clips,
            receipts=self.receipts_verified,
            gaps=self.gaps,
            findings=self.findings,
            links=self.links,
            sites=self.sites,
            seconds=self.seconds,
        )
        console.print(f"\n[bold]{console.told(counts)}[/bold]")
        if self.planted:
            console.print(self._planted(console))
        for finding in self.false_findings:
            said = console.told(sentence("demo_false", "Found, but never planted:"))
            console.print(f"[red]{said}[/red] {finding.as_json()}")
        for line in self.wrong:
            console.print(console.told(line), style="red", markup=False)

    def _planted(self, console: DemoConsole) -> Table:
        head = (
            sentence("demo_planted", "planted"),
            sentence("demo_expected", "expected"),
            sentence("demo_found", "found"),
            sentence("demo_error", "edge error"),
        )
        table = Table(*map(console.told, head))
        for fault in self.planted:
            error = "" if fault.edge_error_ms is None else f"{fault.edge_error_ms:.0f} ms"
            found = console.word(fault.found) if fault.found else console.told(sentence("demo_missed", "missed"))
            told = found if fault.right else f"[red]{found}[/red]"
            table.add_row(console.word(fault.fault), console.word(fault.expected), told, error)
        return table
