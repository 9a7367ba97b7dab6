"""What the demo found, as JSON for machines and as a table for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from demo_stage.truth import FaultResult, SeenFinding


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

    def show(self, console: Console) -> None:
        """Print the counts, and each planted fault with what was found for it."""
        console.print(
            f"\n[bold]{self.sealed} of {self.clips} clips sealed, {self.receipts_verified} receipts verified;"
            f" {self.gaps} gaps, {self.findings} findings, {self.links} links, {self.sites} public sites"
            f" in {self.seconds:.0f} s[/bold]"
        )
        if self.planted:
            table = Table("planted", "expected", "found", "edge error")
            for fault in self.planted:
                error = "" if fault.edge_error_ms is None else f"{fault.edge_error_ms:.0f} ms"
                found = fault.found or "missed"
                table.add_row(fault.fault, fault.expected, found if fault.right else f"[red]{found}[/red]", error)
            console.print(table)
        for finding in self.false_findings:
            console.print(f"[red]Found, but never planted:[/red] {finding.as_json()}")
        for line in self.wrong:
            console.print(f"[red]{line}[/red]")
