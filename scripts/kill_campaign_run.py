"""The command line of the kill campaign."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from cyclopts import App
from demo_stage.programs import StageError
from fault_stage.campaign import Campaign
from fault_stage.moments import Victim

app = App(
    name="scripts/kill_campaign", help="Kill agent, server and broker while clips are on their way.", version_flags=[]
)


@app.default
def campaign(*, kills: int = 10, seed: int = 1, port: int = 8570, data: Path | None = None) -> int:
    """Kill each of the three programs some times and look whether anything was lost, doubled or claimed.

    Parameters
    ----------
    kills
        How often each program is killed.
    seed
        Another number gives another order, other moments and other files.
    port
        The server's port; its metrics and broker take the two after it.
    data
        An empty folder to work in; without it a temporary one.
    """
    began_s = time.monotonic()
    victims = [victim for victim in Victim for _ in range(kills)]
    random.Random(seed).shuffle(victims)
    with tempfile.TemporaryDirectory(prefix="kill-campaign-") as temporary:
        work = Campaign(data or Path(temporary), seed=seed, port=port)
        try:
            print(f"seed {seed}, {len(victims)} kills", flush=True)
            broken = work.run(victims, lambda line: print(line, flush=True))
        except StageError as error:
            print(error)
            return 2
    print(f"{work.files} files, {len(work.kills)} kills in {time.monotonic() - began_s:.0f} s")
    for promise in broken:
        print(f"BROKEN: {promise}")
    if not broken:
        print("Everything is sealed once, every hash is equal, every receipt is the same on both sides.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(app())
