"""A benchmark's result for a person."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def show(result: dict[str, Any]) -> None:
    """The machine, then each film's ratios beside the targets."""
    console = Console()
    machine = result["machine"]
    console.print(f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}")
    table = Table("ratio", *result["ratios"], "target")
    for key in next(iter(result["ratios"].values())):
        target = result["targets"].get(key)
        figures = [f"{ratios[key]:.2f}" for ratios in result["ratios"].values()]
        table.add_row(key, *figures, "" if target is None else f"{target:g}")
    console.print(table)
