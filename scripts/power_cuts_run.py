"""The command line of the power cuts."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from json import dumps
from pathlib import Path

import structlog
from cyclopts import App
from demo_stage.programs import StageError
from fault_stage.controls import CAUGHT_BY_POWER_CUTS, Control
from fault_stage.power_cuts import CutTally, PowerCuts
from fault_stage.volumes import why_no_disk_can_be_cut

_SHOWN = 8

app = App(name="scripts/power_cuts", help="Cut the power of disks while clips come in.", version_flags=[])


@app.default
def campaign(
    *, cuts: int = 10, seed: int = 1, control: tuple[Control, ...] = (), data: Path | None = None, json: bool = False
) -> int:
    """Land, receive and seal clips on disks of our own (ext4 on loop devices), cut their power at random, mount them
    again, start both sides and look at every promise that was given. Ends with 1 when one was broken, with 3 where no
    disk can be cut: that takes root.

    Parameters
    ----------
    cuts
        How often the power fails. Whose disks, and when, is random; every other set of 25 cuts has one disk for each
        side instead of two.
    seed
        Another number gives other moments and other files.
    control
        Faults to be caught, each made in the product for its cuts alone; each is cut until it is caught, `cuts` times
        at most, and the command ends with 0 when every one was.
    data
        An empty folder for the disks' files; without it a temporary one.
    json
        Print one JSON object at the end, and no progress.
    """
    wrong = [one for one in control if one not in CAUGHT_BY_POWER_CUTS]
    if wrong:
        print(f"{', '.join(wrong)} is revealed by kills: use scripts/syscall_campaign")
        return 2
    if why := why_no_disk_can_be_cut():
        print(why)
        return 3
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="power-cuts-") as temporary:
        try:
            results = [
                _round(one, cuts, seed, (data or Path(temporary)) / (one or "product"), quiet=json)
                for one in control or (None,)
            ]
        except StageError as error:
            print(error)
            return 2
    if json:
        print(dumps(results, indent=1))
    return 0 if all(bool(result["violations"]) == bool(control) for result in results) else 1


def _round(control: Control | None, cuts: int, seed: int, folder: Path, *, quiet: bool) -> dict[str, object]:
    began_s, tally = time.monotonic(), CutTally()
    for cut in PowerCuts(folder, seed=seed, control=control).run(cuts):
        tally.count(cut)
        if not quiet:
            said = f"{cut.promises} promises, {'; '.join(cut.broken[:_SHOWN]) or 'all kept'}"
            print(f"cut {cut.number}: {cut.side} while {cut.act}, {said}", flush=True)
        if control is not None and cut.broken:
            break
    seconds = time.monotonic() - began_s
    if not quiet:
        broken = len(tally.violations)
        print(f"{control or 'product'}: {tally.cuts} cuts, {tally.promises} promises, {broken} cuts broke one")
    return {
        "control": control,
        "cuts": tally.cuts,
        "promises": tally.promises,
        "seconds": round(seconds, 1),
        "by_side": dict(tally.by_side.most_common()),
        "by_act": dict(tally.by_act.most_common()),
        "violations": [
            {"cut": cut.number, "side": cut.side, "act": cut.act, "disks": cut.disks, "broken": cut.broken}
            for cut in tally.violations
        ],
    }


if __name__ == "__main__":
    sys.exit(app())
