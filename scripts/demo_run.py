"""The demo: one command from footage to a supervisor's page and back to a verified receipt."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter
from demo_stage.folders import ACCOUNT, Folders, Memory, check_ports, remember, usual_folder
from demo_stage.programs import Programs, StageError
from demo_stage.report import Report
from demo_stage.stage import Stage
from demo_stage.words import DemoConsole, told
from demo_town.plan import ZONE

from edge.contract.instants import moment_of
from edge.contract.sentences import sentence, sentence_of
from edge.platform.clock import SystemClock
from edge.platform.terminal import USAGE, Language, language_of, run_command, usage_complaint

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
    lang: Language | None = None,
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
        zh-CN or en, of what the demo says and of the pages it names; without it the locale's.
    """
    console = DemoConsole(lang or language_of(None))
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
            found, addresses = _play(stage, folders, memory, own, console)
            found.seconds = time.monotonic() - began_s
            found.show(console)
            if report is not None:
                found.save(report)
            if not once:
                _stay(stage, memory, addresses, console)
            return 0 if found.well else 1
    except FileNotFoundError as error:
        said = sentence("demo_no_folder", "{folder}: no such folder.", folder=error.filename)
        console.print(console.told(said), style="red", markup=False)
    except StageError as error:
        console.print(console.told(sentence_of(error)), style="red", markup=False)
    except KeyboardInterrupt:
        console.print("\n" + console.told(sentence("demo_stopped", "Stopped.")))
        return 130
    return 1


def _play(
    stage: Stage, folders: Folders, memory: Memory, own: Path | None, console: DemoConsole
) -> tuple[Report, list[tuple[str, str]]]:
    from demo_stage import own_footage, town_show  # av and cv2 take time to load; --help must not wait for them

    if own is not None:
        return own_footage.show_own(stage, folders, memory, own, console), own_footage.addresses(
            stage, console.language
        )
    found = town_show.show_town(stage, folders, memory, console)
    return found, town_show.day_addresses(stage, town_show.read_town(folders), console.language)


def _stay(stage: Stage, memory: Memory, addresses: list[tuple[str, str]], console: DemoConsole) -> None:
    console.print("\n" + console.told(sentence("demo_open", "Open in a browser on this machine:")))
    for what, address in addresses:
        console.print(f"  {console.told(what)}:\n    {address}", soft_wrap=True)
    said = sentence(
        "demo_sign_in",
        "Sign in as [bold]{account}[/bold] with the password [bold]{password}[/bold]",
        account=ACCOUNT,
        password=memory.password,
    )
    console.print(console.told(said))
    console.print(console.told(sentence("demo_until", "Everything runs until you press Ctrl-C.")))
    while True:
        stage.check()
        time.sleep(1)


def _leave(_signal: int, _frame: object) -> NoReturn:
    """A polite end by signal takes the same way out as Ctrl-C, so that the programs are ended too."""
    raise KeyboardInterrupt


def run() -> int:
    """The demo's exit status; wrong arguments are a sentence."""
    try:
        return int(app(exit_on_error=False, print_error=False, result_action="return_value") or 0)
    except CycloptsError as error:
        print(told(usage_complaint(error, program="scripts/demo"), language_of(None)), file=sys.stderr)
        return USAGE


if __name__ == "__main__":
    sys.exit(run_command(run))
