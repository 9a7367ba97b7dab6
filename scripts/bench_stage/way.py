"""One way of uploading a file, how it is measured, and how its programs are run."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench_stage.measured import CHECKOUT
from bench_stage.processes import cpu_s, forget_peak, memory
from demo_stage.programs import StageError


@dataclass(frozen=True, slots=True)
class Sent:
    """One file once: seconds until the other side vouched for it, CPU seconds and peak bytes of each program."""

    wall_s: float
    cpu_s: Mapping[str, float]
    peak_bytes: Mapping[str, int] = field(default_factory=dict)
    anonymous_bytes: Mapping[str, int] = field(default_factory=dict)


class Way(Protocol):
    """One way; `start` once, then `send` as often as wanted."""

    name: str

    def start(self, ended: ExitStack) -> None: ...

    def send(self, file: Path) -> Sent: ...


class Watched:
    """What named programs use while something is sent."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        for pid in pids.values():
            forget_peak(pid)
        self._used = {name: cpu_s(pid) for name, pid in pids.items()}

    def sent(self, wall_s: float, **own_cpu_s: float) -> Sent:
        """The result; `own_cpu_s` of programs that lived for this file alone."""
        used = {name: cpu_s(pid) - self._used[name] for name, pid in self._pids.items()}
        held = {name: memory(pid) for name, pid in self._pids.items()}
        return Sent(
            wall_s,
            {**used, **own_cpu_s},
            {name: of["peak"] for name, of in held.items()},
            {name: of["anonymous"] for name, of in held.items()},
        )


def run(command: Sequence[str]) -> tuple[str, float]:
    """What a command printed, and the CPU seconds it used. Raises StageError."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, env=with_checkout(), check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise StageError(f"{command[0]} ended with status {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip(), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wait_until(done: Callable[[], bool], otherwise: str) -> None:
    """Raises StageError after half a minute."""
    until = time.monotonic() + 30
    while not done():
        if time.monotonic() > until:
            raise StageError(otherwise)
        threading.Event().wait(0.05)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it and wait."""
    process.kill()
    process.wait()


def with_checkout() -> dict[str, str]:
    """The environment of a program that imports the project or this folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(CHECKOUT), str(CHECKOUT / "scripts")))}


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0
