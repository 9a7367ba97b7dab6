"""The demo: one command from footage to a supervisor's page and back to a verified receipt."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from cyclopts import App, Parameter
from demo_stage.folders import ACCOUNT, Folders, Memory, check_ports, remember, usual_folder
from demo_stage.programs import Programs, StageError
from demo_stage.report import Report
from demo_stage.stage import Stage
from demo_town.plan import ZONE
from rich.console import Console

from edge.contract.instants import moment_of
from edge.platform.clock import SystemClock

ROOT = Path(__file__).resolve().parents[1]
app = App(name="scripts/demo", help="Show the whole way of a recording on this machine.", version_flags=[])


@app.default
def demo(
    *,
    seed: int = 1,
    footage: Path | None = None,
    once: Annotated[bool, Parameter(negative="")] = False,
    report: Path | None = None,
    port: int = 8470,
    data: Path | None = None,
    lang: Literal["zh-CN", "en"] = "zh-CN",
) -> int:
    """Invent and film a town (or take your own footage), upload it, judge it, and show what was found.

    Nothing leaves this machine. The pages stay up until Ctrl-C.

    Parameters
    ----------
    seed
        Another number gives other devices, times and faults.
    footage
        A folder with your own files instead; nothing in it is changed or deleted.
    once
        Stop when everything is found; the exit status is 0 only when all is well.
    report
        Write what was found to this file, as JSON.
    port
        The pages' port; the metrics and the broker take the two after it.
    data
        Where everything is kept (usually below demo-data). A second run with the same folder does no work twice.
    lang
        The language of the pages that are named at the end.
    """
    console = Console(stderr=False, highlight=False)
    began_s = time.monotonic()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    try:
        own = footage.expanduser().resolve(strict=True) if footage else None
        day = moment_of(SystemClock().now_us()).astimezone(ZONE).strftime("%Y%m%d")
        data = data or usual_folder(ROOT / "demo-data", seed=seed, footage=own, day=day)
        folders = Folders(data.expanduser().resolve())
        memory = remember(folders, seed=seed, footage=own, port=port)
        check_ports(http=port, metrics=port + 1, broker=memory.broker_port)
        with Programs(folders.logs) as programs:
            stage = Stage(folders, memory, programs, port=port, vouched=own is None)
            found, addresses = _play(stage, folders, memory, own, console, lang)
            found.seconds = time.monotonic() - began_s
            found.show(console)
            if report is not None:
                found.save(report)
            if not once:
                _stay(stage, memory, addresses, console)
            return 0 if found.well else 1
    except FileNotFoundError as error:
        console.print(f"{error.filename}: no such folder.", style="red", markup=False)
    except StageError as error:
        console.print(str(error), style="red", markup=False)
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130
    return 1


def _play(
    stage: Stage, folders: Folders, memory: Memory, own: Path | None, console: Console, lang: str
) -> tuple[Report, list[tuple[str, str]]]:
    from demo_stage import own_footage, town_show  # av and cv2 take time to load; --help must not wait for them

    if own is not None:
        return own_footage.show_own(stage, folders, memory, own, console), own_footage.addresses(stage, lang)
    found = town_show.show_town(stage, folders, memory, console)
    return found, town_show.day_addresses(stage, town_show.read_town(folders), lang)


def _stay(stage: Stage, memory: Memory, addresses: list[tuple[str, str]], console: Console) -> None:
    console.print("\nOpen in a browser on this machine:")
    for what, address in addresses:
        console.print(f"  {what}:\n    {address}", soft_wrap=True)
    console.print(f"Sign in as [bold]{ACCOUNT}[/bold] with the password [bold]{memory.password}[/bold]")
    console.print("Everything runs until you press Ctrl-C.")
    while True:
        stage.check()
        time.sleep(1)


def _leave(_signal: int, _frame: object) -> NoReturn:
    """A polite end by signal takes the same way out as Ctrl-C, so that the programs are ended too."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(app())
