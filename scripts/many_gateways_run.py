"""The command line of the many gateways."""

from __future__ import annotations

import json as jsons
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators
from demo_stage.programs import StageError
from fault_stage.many_gateways import ManyGateways, require_room

app = App(
    name="scripts/many_gateways", help="Many gateways upload at once while the server is killed.", version_flags=[]
)

AtLeastOne = Annotated[int, Parameter(validator=validators.Number(gte=1))]  # of nothing all would be in order


@app.default
def many(
    *,
    gateways: AtLeastOne = 20,
    clips: AtLeastOne = 50,
    kill_every_s: float = 10.0,
    seed: int = 1,
    port: int = 8580,
    data: Path | None = None,
    json: bool = False,
) -> int:
    """Every gateway uploads its clips over one Mosquitto, and the server is killed in a rhythm until all are sealed.

    Parameters
    ----------
    gateways
        How many agents run side by side; each is a process of its own.
    clips
        How many files each is fed, of 20 kB to 1.5 MB.
    kill_every_s
        The server is killed, and started again, each time it has been ready for so long.
    seed
        Another number gives other files.
    port
        The server's port; metrics and broker take the two after it.
    data
        An empty folder to work in; without it a temporary one.
    json
        Print one JSON object at the end, and no progress.
    """
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="many-gateways-") as temporary:
        try:
            folder = data or Path(temporary)
            require_room(folder)
            work = ManyGateways(folder, gateways=gateways, clips=clips, seed=seed, port=port)
            tell = (lambda _line: None) if json else (lambda line: print(line, flush=True))
            broken = work.run(kill_every_s=kill_every_s, tell=tell)
        except StageError as error:
            print(error)
            return 2
    seconds = round(time.monotonic() - began_s, 1)
    if json:
        told = {"gateways": gateways, "clips": work.files, "kills": work.kills, "seconds": seconds, "broken": broken}
        print(jsons.dumps(told, indent=1))
        return 1 if broken else 0
    print(f"{gateways} gateways, {work.files} clips, {work.kills} kills of the server in {seconds:.0f} s")
    for promise in broken:
        print(f"BROKEN: {promise}")
    if not broken:
        print("Everything is sealed once, every hash is equal, every receipt is the same on both sides.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(app())
