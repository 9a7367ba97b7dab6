"""`tallylight-edge inspect`: look, show progress when it takes long, print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from edge.contract.messages import Register
from edge.domain.path_text import shown_text
from edge.footage.probe_result import INSPECT_TARGET
from edge.local.inspect_json import report_json
from edge.local.inspect_view import show_report
from edge.local.words import word
from edge.platform.clock import Clock
from edge.platform.terminal import Language, write_json
from edge.platform.worker_pool import WorkerPool, workers_for
from edge.storage.journal import reading_journal
from edge.storage.journal_errors import NoJournalError
from edge.storage.reference_files import ReferenceFiles
from edge.storage.register_copy import current_register
from edge.workers.clip_facts import SourceReading
from edge.workers.inspect_paths import InspectProgress, OnProgress, inspect_paths
from edge.workers.inspect_report import InspectReport

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
    workers: int = 0,
    data_dir: Path | None = None,
) -> InspectReport:
    """Inspect and print to `output`; progress goes to `progress` once it has taken two seconds.

    `workers`: how many files are looked into side by side, 0 for all cores but one. `data_dir`: a gateway's, whose
    register says zones and limits. Raises SourceMissingError for a path that is not there, JournalUnusableError.
    """
    register = None if data_dir is None else _register(data_dir)
    pool = WorkerPool(INSPECT_TARGET, size=workers_for(workers))
    with closing(pool), _progress(clock, progress, language) as on_progress:
        report = inspect_paths(
            paths,
            reading=reading,
            prober=pool,
            now_us=clock.now_us(),
            at_once=pool.size,
            register=register,
            references=None if data_dir is None else ReferenceFiles(data_dir),
            on_progress=on_progress,
        )
    if as_json:
        write_json(report_json(report), output.file, indent=1)
    else:
        show_report(report, output, ZoneInfo(reading.time_zone), language)
    return report


def _register(data_dir: Path) -> Register | None:
    """What the gateway knows by now; None where it never ran."""
    with suppress(NoJournalError), reading_journal(data_dir / "journal.sqlite3") as rows:
        return current_register(rows)
    return None


@contextmanager
def _progress(clock: Clock, console: Console, language: Language) -> Iterator[OnProgress]:
    """The share of the bytes that were read, how many files, how fast, and what is open now."""
    started_s = clock.steady_s()
    bar = Progress(
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[files]}"),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    )
    task = bar.add_task(word("looking", language), total=None, files="")
    shown = False

    def on_progress(now: InspectProgress) -> None:
        nonlocal shown
        if console.is_terminal and not shown and clock.steady_s() - started_s > _QUIET_S:
            bar.start()
            shown = True
        names = ", ".join(shown_text(path.rpartition("/")[2][-40:]) for path in now.running[:1])
        more = f" +{len(now.running) - 1}" if len(now.running) > 1 else ""
        bar.update(
            task,
            completed=now.done_bytes,
            total=max(1, now.size_bytes),
            description=Text(names + more).markup,
            files=f"{now.done_files}/{now.files}",
        )

    try:
        yield on_progress
    finally:
        if shown:
            bar.stop()
