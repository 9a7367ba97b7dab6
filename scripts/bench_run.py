"""The command line of the benchmarks."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from bench_stage.drawing import drawn
from bench_stage.inspecting import bench_inspect
from bench_stage.links import found_tool
from bench_stage.table import show, show_uploads, show_waiting
from bench_stage.uploading import bench_upload
from bench_stage.waiting import bench_waiting
from cyclopts import App, Parameter
from demo_stage.programs import StageError

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


@app.command
def upload(
    *,
    rounds: int = 5,
    megabytes: int = 537,
    port: int = 8600,
    only: tuple[str, ...] = (),
    link_tool: Path | None = None,
    plot: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    data: Path | None = None,
) -> int:
    """The verified upload of one clip beside curl to FastAPI, tus, rsync, and the broker alone; on the loopback.

    Parameters
    ----------
    rounds
        How often each way is measured; all of them in turn with the same new file in each round.
    megabytes
        How large that file is.
    port
        The first of ten ports of the loopback.
    only
        Measure these alone: verified, curl_fastapi, tus, rsync, raw_paho, verified_tls, curl_fastapi_tls,
        link_10mbit, link_50mbit_lossy.
    link_tool
        The tool that makes links of a given rate, delay and loss; without it, and where none lies in
        ../shared/tools/link, links are left out. It needs root, gcc and iproute2.
    plot
        Draw the result into this SVG file.
    as_json
        Print JSON instead of a table.
    data
        An empty folder to work in; without it a temporary one.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        try:
            result = bench_upload(
                data or Path(temporary),
                rounds=rounds,
                size_bytes=megabytes * 1_000_000,
                port=port,
                only=only,
                tool=found_tool(link_tool),
                told=lambda line: print(line, file=sys.stderr, flush=True),
            )
        except StageError as error:
            print(error, file=sys.stderr)
            return 2
    if plot is not None:
        plot.write_text(drawn(result), encoding="utf-8")
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        show_uploads(result)
    return 0


@app.command
def waiting(
    *,
    rounds: int = 5,
    clips: tuple[int, ...] = (10, 1_000, 100_000),
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    data: Path | None = None,
) -> int:
    """What a gateway pays for clips that wait: its start, the question what goes next, a status.

    Parameters
    ----------
    rounds
        How often each is measured.
    clips
        How many wait; one journal is filled for each.
    as_json
        Print JSON instead of a table.
    data
        An empty folder to work in; without it a temporary one.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        result = bench_waiting(
            data or Path(temporary),
            rounds=rounds,
            counts=clips,
            told=lambda line: print(line, file=sys.stderr, flush=True),
        )
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        show_waiting(result)
    return 0


if __name__ == "__main__":
    sys.exit(app())
