"""How far a long command is: a bar on standard error after two seconds, nothing where that is no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from edge.platform.clock import Clock
from server.cli.output import terminal

_QUIET_S = 2.0


class Bar:
    """`expect` what there is to do, `advance` as it is done."""

    def __init__(self, progress: Progress, clock: Clock, said: str) -> None:
        self._progress, self._clock, self._began_s = progress, clock, clock.steady_s()
        self._task = progress.add_task(terminal.told(said), total=None)
        self.is_shown = False

    def expect(self, size_bytes: int) -> None:
        """So many bytes in all."""
        self._progress.update(self._task, total=max(1, size_bytes))

    def advance(self, size_bytes: int) -> None:
        """So many bytes more are done."""
        if (
            not self.is_shown
            and self._clock.steady_s() - self._began_s > _QUIET_S
            and self._progress.console.is_terminal
        ):
            self._progress.start()
            self.is_shown = True
        self._progress.advance(self._task, size_bytes)


@contextmanager
def bar(said: str, clock: Clock) -> Iterator[Bar]:
    """A bar named `said`; gone when the block ends."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    )
    shown = Bar(progress, clock, said)
    try:
        yield shown
    finally:
        if shown.is_shown:
            progress.stop()
