"""The command line of the fuzzing of the box reader."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from typing import Annotated

from box_fuzz.mutations import Base
from box_fuzz.reading import HANG_S, MEMORY_BYTES, Tally, films, read_many
from cyclopts import App, Parameter

app = App(
    name="scripts/fuzz_boxes", help="Read mutated MP4 files: no crash, no hang, bounded memory.", version_flags=[]
)
_BATCH = 20_000


@app.default
def fuzz(
    *,
    inputs: int = 2_000_000,
    seconds: float | None = None,
    seed: int = 1,
    workers: int = 1,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Change films made by code near their boxes and read them with the index reader and the NAL walk.

    Parameters
    ----------
    inputs
        How many mutated files are read.
    seconds
        End after that time, even with fewer.
    seed
        The number of the first input; each number is one input, always the same.
    workers
        How many processes.
    as_json
        Print the figures as JSON.
    """
    began_s, total, bases = time.monotonic(), Tally(), films()
    left = None if seconds is None else seconds / max(1, -(-inputs // _BATCH) / workers)
    jobs = [(first, min(_BATCH, seed + inputs - first), left, bases) for first in range(seed, seed + inputs, _BATCH)]
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=10) as pool:
        for done, tally in enumerate(pool.imap_unordered(_batch, jobs), start=1):
            total.add(tally)
            print(f"\r{total.inputs} inputs, {done}/{len(jobs)}, crashes {len(total.crashes)}", end="", file=sys.stderr)
    is_good = not total.crashes and total.longest_s <= HANG_S and total.peak_bytes <= MEMORY_BYTES
    figures = {
        "inputs": total.inputs,
        "read": total.read,
        "faulty": total.faulty,
        "refused": total.refused,
        "crashes": len(total.crashes),
        "longest_s": round(total.longest_s, 4),
        "peak_bytes": total.peak_bytes,
        "seconds": round(time.monotonic() - began_s, 1),
        "good": is_good,
    }
    print(json.dumps(figures, indent=1) if as_json else "\n" + "\n".join(f"{k}: {v}" for k, v in figures.items()))
    for name, number, raised in total.crashes[:5]:
        print(f"\n--seed {number} ({name})\n{raised}", file=sys.stderr)
    return 0 if is_good else 1


def _batch(job: tuple[int, int, float | None, list[Base]]) -> Tally:
    return read_many(*job)


if __name__ == "__main__":
    sys.exit(app())
