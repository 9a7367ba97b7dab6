"""A benchmark's result for a person."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def show(result: dict[str, Any]) -> None:
    """The machine, then each film's ratios beside the targets."""
    console = Console()
    _name_machine(console, result["machine"])
    table = Table("ratio", *result["ratios"], "target")
    for key in next(iter(result["ratios"].values())):
        target = result["targets"].get(key)
        figures = [f"{ratios[key]:.2f}" for ratios in result["ratios"].values()]
        table.add_row(key, *figures, "" if target is None else f"{target:g}")
    console.print(table)


def show_uploads(result: dict[str, Any]) -> None:
    """The machine, each way's medians, then the ratios beside the targets."""
    console = Console()
    _name_machine(console, result["machine"])
    ways = Table("way", "MB/s", "CPU s/GB", "of which", "peak MB")
    for name, way in result["medians"].items():
        used = ", ".join(f"{program} {seconds:.2f}" for program, seconds in way["cpu_s_per_gb_of"].items())
        held = ", ".join(f"{program} {megabytes:.0f}" for program, megabytes in way["peak_mb"].items())
        ways.add_row(name, f"{way['mb_per_s']:.0f}", f"{way['cpu_s_per_gb']:.2f}", used, held)
    console.print(ways)
    ratios = Table("ratio", "measured", "target")
    for name, ratio in result["ratios"].items():
        ratios.add_row(name, f"{ratio:.2f}", f"{result['targets'].get(name, '')}")
    console.print(ratios)


def show_waiting(result: dict[str, Any]) -> None:
    """The machine, then every figure by how many clips wait, then what each further thousand costs."""
    console = Console()
    _name_machine(console, result["machine"])
    for title, columns in (("clips waiting", result["medians"]), ("growth", result["growth"])):
        table = Table(title, *columns)
        for key in next(iter(columns.values()), {}):
            table.add_row(key, *(f"{figures[key]:.2f}" for figures in columns.values()))
        console.print(table)


def _name_machine(console: Console, machine: dict[str, Any]) -> None:
    console.print(f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}")
