"""The command line of the benchmarks."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from bench_stage.inspecting import bench_inspect
from bench_stage.table import show
from cyclopts import App, Parameter

app = App(
    name="scripts/bench", help="Medians and ratios of several interleaved rounds on this machine.", version_flags=[]
)


@app.command
def inspect(
    *,
    rounds: int = 5,
    seconds: int = 570,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    data: Path | None = None,
    from_file: Path | None = None,
) -> int:
    """Looking into a file of about 1 GB that this command makes, beside hashing it.

    Parameters
    ----------
    rounds
        How often each thing is measured; all of them in turn in each round.
    seconds
        How long the film is; 570 s are about 1 GB.
    as_json
        Print JSON instead of a table.
    data
        A folder to keep the films in; without it a temporary one.
    from_file
        Measure this file instead of the ones made here.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        result = bench_inspect(data or Path(temporary), rounds=rounds, seconds=seconds, own=from_file)
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    sys.exit(app())
