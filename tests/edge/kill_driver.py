"""Kills a gateway with SIGKILL at every durability step of landing, starts it again, and says what stands then.

One fork per kill: `python -m tests.edge.kill_driver FOLDER [--without-reconciliation]` prints one JSON line each.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from edge.storage import journal as journal_module
from edge.storage.reconcile import Reconciliation
from edge.workers import intake as intake_module
from tests.edge.films import film
from tests.edge.gateway import Gateway

NAME = "BC01_20261121T190000_0001.mp4"
_STEPS_AT_MOST = 400


class Killer:
    """Counts durability steps (fsync, rename, unlink, COMMIT; before and after each) and dies at the chosen one."""

    def __init__(self, die_at: int, note: Path) -> None:
        self._die_at, self._note, self._count = die_at, note, 0

    def reached(self, name: str) -> None:
        if self._count == self._die_at:
            self._note.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)
        self._count += 1

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            self.reached(f"before {name}")
            result = function(*args, **named)
            self.reached(f"after {name}")
            return result

        return wrapped


def _replace(owner: object, name: str, value: object) -> None:
    setattr(owner, name, value)


def _run_and_die(home: Path, die_at: int) -> None:
    gateway = Gateway(home)
    killer = Killer(die_at, home / "died")
    for name in ("fsync", "rename", "unlink"):
        _replace(os, name, killer.around(name, getattr(os, name)))
    plain = journal_module.Journal.transaction

    def counted(journal: Any) -> Any:
        outer = plain(journal)

        class Counted:
            def __enter__(self) -> Any:
                self.rows = outer.__enter__()
                self.changes = self.rows.total_changes
                return self.rows

            def __exit__(self, *error: Any) -> Any:
                writes = self.rows.total_changes != self.changes
                if writes:
                    killer.reached("before commit")
                answer = outer.__exit__(*error)
                if writes:
                    killer.reached("after commit")
                return answer

        return Counted()

    _replace(journal_module.Journal, "transaction", counted)
    gateway.run(20)


def _start_again(home: Path, *, reconciles: bool) -> None:
    if not reconciles:
        _replace(intake_module, "reconcile_landing", lambda *_args, **_named: Reconciliation())
    gateway = Gateway(home)
    gateway.run(20)
    with gateway.journal.transaction() as rows:
        contents = rows.execute("SELECT count(*) FROM content").fetchone()[0]
        sightings = rows.execute("SELECT count(*) FROM sighting").fetchone()[0]
    files = sorted(path.name for path in gateway.area.folder.iterdir())
    manifests = gateway.manifests()
    found = {
        "contents": contents,
        "sightings": sightings,
        "manifests": len(manifests),
        "dockings": sorted(len(docking.files) for docking in gateway.dockings()),
        "files_are_the_clips": files == sorted({manifest.clip_id for manifest in manifests}),
        "source_untouched": (gateway.folder / NAME).read_bytes() == (home / "original").read_bytes(),
    }
    (home / "found.json").write_text(json.dumps(found))


def _tell(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _in_child(action: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        code = 3
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status


def main() -> None:
    """Every step in turn, until a run ends alive."""
    base, reconciles = Path(sys.argv[1]), "--without-reconciliation" not in sys.argv
    original = film(base / "original.mp4")
    for step in range(_STEPS_AT_MOST):
        home = base / f"step-{step}"
        (home / "footage").mkdir(parents=True)
        shutil.copy(original, home / "footage" / NAME)
        shutil.copy(original, home / "original")

        status = _in_child(partial(_run_and_die, home, step))
        if os.WIFEXITED(status):
            _tell({"ended": step, "status": os.WEXITSTATUS(status)})
            return

        _in_child(partial(_start_again, home, reconciles=reconciles))
        found = json.loads((home / "found.json").read_text())
        _tell({"step": step, "died": (home / "died").read_text(), **found})
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
