"""One measurement: a call in a fresh interpreter, with its time, its CPU time, what it read and how much it held."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
_CHILD = """
import importlib, json, resource, sys, threading, time
name, argument = sys.argv[1], json.loads(sys.argv[2])
module, _, function = name.partition(":")
call = getattr(importlib.import_module(module), function)

def own(key):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

def read_so_far():
    with open("/proc/self/io") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("rchar"))

most, done = [own("RssAnon")], threading.Event()
def watch():
    while not done.wait(0.02):
        most[0] = max(most[0], own("RssAnon"))
watching = threading.Thread(target=watch, daemon=True)
watching.start()
used, began, read = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter(), read_so_far()
result = call(argument)
wall, now, read = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF), read_so_far() - read
done.set(); watching.join()
cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
print(json.dumps({"wall_s": wall, "cpu_s": cpu, "read_bytes": read, "anonymous_bytes": most[0], "result": result}))
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of the call alone, without the start of its interpreter. `anonymous_bytes`: the most it held, sampled."""

    wall_s: float
    cpu_s: float
    read_bytes: int
    anonymous_bytes: int
    result: Any = None


def measure(target: str, argument: object) -> Measured:
    """Call `module:function` once with a JSON argument in a process of its own."""
    paths = [str(CHECKOUT), str(CHECKOUT / "scripts")]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, target, json.dumps(argument)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{target} failed: {done.stderr.strip()[-500:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def medians(rounds: Sequence[Measured]) -> dict[str, float]:
    """The median of every figure."""
    keys = ("wall_s", "cpu_s", "read_bytes", "anonymous_bytes")
    return {key: statistics.median(asdict(one)[key] for one in rounds) for key in keys}


def machine() -> dict[str, object]:
    """What this was measured on."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    memory = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("MemTotal")
    )
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_1_min": os.getloadavg()[0],
    }
