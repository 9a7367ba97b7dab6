"""`tallylight-edge inspect`: look, show progress when it takes long, print."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from edge.footage.probe_result import PROBE_TARGET
from edge.local.inspect_json import report_json
from edge.local.inspect_view import show_report
from edge.local.words import word
from edge.platform.clock import Clock
from edge.platform.limited_worker import LimitedWorker
from edge.platform.terminal import Language
from edge.workers.clip_facts import SourceReading
from edge.workers.inspect_paths import Progress as OnFile
from edge.workers.inspect_paths import inspect_paths

_QUIET_S = 2.0


def run_inspect(
    paths: Sequence[Path],
    *,
    as_json: bool,
    reading: SourceReading,
    clock: Clock,
    output: Console,
    progress: Console,
    language: Language = "en",
) -> None:
    """Inspect and print to `output`; progress goes to `progress` once it has taken two seconds.

    Raises SourceMissingError for a path that is not there.
    """
    with closing(LimitedWorker(PROBE_TARGET)) as prober, _progress(clock, progress, language) as on_file:
        report = inspect_paths(paths, reading=reading, prober=prober, now_us=clock.now_us(), on_file=on_file)
    if as_json:
        output.file.write(json.dumps(report_json(report), ensure_ascii=False, indent=1) + "\n")
    else:
        show_report(report, output, ZoneInfo(reading.time_zone), language)


@contextmanager
def _progress(clock: Clock, console: Console, language: Language) -> Iterator[OnFile]:
    started_s = clock.steady_s()
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    task = bar.add_task(word("looking", language), total=None)
    shown = False

    def on_file(number: int, count: int, path: str) -> None:
        nonlocal shown
        if not shown and clock.steady_s() - started_s > _QUIET_S:
            bar.start()
            shown = True
        name = Text(path.rpartition("/")[2][-40:]).markup
        bar.update(task, completed=number - 1, total=count, description=name)

    try:
        yield on_file
    finally:
        if shown:
            bar.stop()
