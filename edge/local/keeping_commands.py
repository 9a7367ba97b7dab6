"""The command that compares what this gateway holds with what the server has."""

from __future__ import annotations

from pathlib import Path

from edge.contract.sentences import sentence
from edge.local.speaking import DEFAULT_DATA, complaining, settings_in, terminal
from edge.platform.terminal import IN_ORDER, WRONG


def reconcile(*, data: Path = DEFAULT_DATA, config: Path | None = None, json: bool = False) -> int:
    """Compare what this gateway holds with what the server has, clip by clip, and name what differs.

    The running agent does it. It ends with 1 where the lists differ, or a clip has waited for more than a day.

    Parameters
    ----------
    data
        The data folder of `init`.
    config
        The settings file; without it edge.toml in the data folder.
    json
        One JSON object instead of sentences.
    """
    from rich.console import Console

    from edge.local.reconcile_command import CannotCompareError, reconciled_json
    from edge.local.reconcile_command import reconcile as compare
    from edge.local.reconcile_view import show_reconciled
    from edge.platform.clock import SystemClock
    from edge.storage.journal_errors import JournalUnusableError

    settings, clock = settings_in(data, config), SystemClock()
    console = Console(stderr=True)
    waiting = console.status(terminal.told(sentence("reconcile_waiting", "comparing with the server")))
    quiet_until_s = clock.steady_s() + 2.0

    def show_waiting() -> None:
        if console.is_terminal and clock.steady_s() > quiet_until_s:
            waiting.start()

    try:
        with complaining(CannotCompareError, JournalUnusableError, OSError):
            found = compare(settings.data_dir, clock, on_wait=show_waiting)
    finally:
        waiting.stop()
    if json:
        terminal.say_json(reconciled_json(found), indent=1)
    else:
        show_reconciled(found, terminal.say)
    return IN_ORDER if found.ok else WRONG
