"""The command line of the kill campaign."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from json import dumps
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators
from demo_stage.programs import StageError
from fault_stage.campaign import WINDOW_BYTES, Broker, Campaign
from fault_stage.controls import Control
from fault_stage.moments import Victim

app = App(
    name="scripts/kill_campaign", help="Kill agent, server and broker while clips are on their way.", version_flags=[]
)

AtLeastOne = Annotated[int, Parameter(validator=validators.Number(gte=1))]  # of nothing all would be in order


@app.default
def campaign(
    *,
    kills: AtLeastOne = 10,
    broker: Broker = Broker.EMBEDDED,
    seed: int = 1,
    port: int = 8570,
    data: Path | None = None,
    control: Control | None = None,
    json: bool = False,
) -> int:
    """Kill each of the three programs some times, each time in a busy state that is named, and look whether anything
    was lost, doubled or claimed.

    Parameters
    ----------
    kills
        How often each program is killed.
    broker
        The embedded one, or Mosquitto, which starts in a moment and so makes many kills possible.
    seed
        Another number gives another order, other moments and other files.
    port
        The server's port; metrics, broker and the counter of sent bytes take the three after it.
    data
        A folder to work in, empty or that of an earlier campaign; without it a temporary one.
    control
        A fault of the server that must be caught, such as receipt_before_commit: it is killed once, when a receipt
        comes.
    json
        Print one JSON object at the end, and no progress.
    """
    began_s = time.monotonic()
    victims = [victim for victim in Victim for _ in range(kills)]
    random.Random(seed).shuffle(victims)
    with tempfile.TemporaryDirectory(prefix="kill-campaign-") as temporary:
        try:
            folder = data or Path(temporary)
            work = Campaign(folder, seed=seed, port=port, broker=broker, control=control)
            broken = work.run(victims, (lambda _kill: None) if json else (lambda kill: print(kill, flush=True)))
        except StageError as error:
            print(error)
            return 2
    seconds = time.monotonic() - began_s
    if json:
        told = {
            "broker": broker,
            "seed": seed,
            "kills": len(work.kills),
            "files": work.files,
            "seconds": round(seconds, 1),
            "by_moment": dict(work.kills_by_moment.most_common()),
            "window_bytes": WINDOW_BYTES,
            "sent_again_bytes": work.sent_again.costs_bytes,
            "broken": broken,
        }
        print(dumps(told, indent=1))
        return 1 if broken else 0
    print(f"{work.files} files, {len(work.kills)} kills in {seconds:.0f} s, seed {seed}, {broker} broker")
    for state, count in work.kills_by_moment.most_common():
        print(f"  {count} x {state}")
    print(work.sent_again.told(WINDOW_BYTES))
    for promise in broken:
        print(f"BROKEN: {promise}")
    if not broken:
        print("Everything is sealed once, every hash is equal, every receipt is the same on both sides.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(app())
