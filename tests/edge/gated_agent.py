"""The real agent as a process of its own, with a gate in the look: `python -m tests.edge.gated_agent DATA [GATE]`.

GATE is a named pipe. The worker opens it when it is asked for a look, writes its process number into it and stands
still with it open: whoever reads it knows that the look is under way, and reads its end once the worker is gone.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import edge.workers.field_workers as field_workers_module
from edge.cli import execute
from edge.footage.inspect_call import inspect_call

_GATE = "TALLYLIGHT_TEST_GATE"


def gated_call(argument: dict[str, Any]) -> object:
    """The structure as ever; a look never ends."""
    if "structure" in argument:
        gate = Path(os.environ[_GATE]).open("w")  # noqa: SIM115 - it stays open until the process is gone
        gate.write(f"{os.getpid()}\n")
        gate.flush()
        signal.pause()
    return inspect_call(argument)


def main() -> None:
    """Run until SIGTERM."""
    if len(sys.argv) > 2:
        os.environ[_GATE] = sys.argv[2]
        vars(field_workers_module)["INSPECT_TARGET"] = "tests.edge.gated_agent:gated_call"
    sys.exit(execute(["run", "--data", sys.argv[1]]))


if __name__ == "__main__":
    main()
