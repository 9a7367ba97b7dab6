"""What running programs have used so far, read from /proc: CPU seconds and memory of a process and all below it."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, of its living children and of those it has buried."""
    used = 0.0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it ended between two looks; its parent counts it from now on
            continue
        used += sum(int(fields[number]) for number in (11, 12, 13, 14)) / _TICKS
    return used


def forget_peak(pid: int) -> None:
    """The peak is measured from here on. Source: proc(5), clear_refs."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")


def memory(pid: int) -> dict[str, int]:
    """Of the process alone, in bytes: `peak` of what is resident, and now `anonymous`, without mapped files."""
    values = {}
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        for key, name in (("VmHWM:", "peak"), ("RssAnon:", "anonymous")):
            if line.startswith(key):
                values[name] = int(line.split()[1]) * 1024
    return values


def tree(pid: int) -> list[int]:
    """The process and everything below it."""
    found = [pid]
    for one in found:
        try:
            tasks = list(Path(f"/proc/{one}/task").iterdir())
            found.extend(int(child) for task in tasks for child in (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
