"""The real programs, started by fork: everything they import is loaded here once, so that a start costs no seconds.

What is forked runs the same entry as the installed command, with the same words, settings and log, in a session of its
own. This program must have one thread.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from demo_stage.programs import ProgramFailedError, Programs, Running, StageError, command, end_with_parent
from demo_stage.stage import EDGE, SERVER

_POLL_S = 0.005


class ForkedProgram:
    """A child of ours, as `subprocess.Popen` would give it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        if self._status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        until = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            time.sleep(_POLL_S)
        return status

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class QuickPrograms(Programs):
    """Forks gateway and server; starts anything else as ever. `spoil` is called in each fork, before it runs."""

    def __init__(self, log_folder: Path, *, spoil: Callable[[], None] = lambda: None) -> None:
        super().__init__(log_folder)
        self._spoil, self._entries = spoil, _loaded_entries()

    def run_to_end(
        self,
        name: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        told: str = "",
        within: Sequence[str] = (),
    ) -> str:
        """Fork the command and return what it printed. Raises ProgramFailedError."""
        if within:
            return super().run_to_end(name, *arguments, env=env, told=told, within=within)
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as words:
            words.write(told.encode())
            words.seek(0)
            running = self._forked([command(name), *arguments], {**os.environ, **(env or {})}, words, said)
            status = running.wait()
            said.seek(0)
            text = said.read().decode(errors="replace")
        if status != 0:
            raise ProgramFailedError(name=f"{name} {' '.join(arguments[:2])}", status=status, told=text)
        return text

    def _launched(self, arguments: Sequence[str | Path], env: Mapping[str, str], log: BinaryIO) -> Running:
        if str(arguments[0]) not in self._entries:
            return super()._launched(arguments, env, log)
        with Path(os.devnull).open("rb") as nothing:
            return self._forked([str(word) for word in arguments], env, nothing, log)

    def _forked(self, words: Sequence[str], env: Mapping[str, str], told: BinaryIO, said: BinaryIO) -> ForkedProgram:
        if threading.active_count() != 1:
            raise StageError("a program with several threads cannot be forked safely")
        child = os.fork()
        if child == 0:
            self._be_the_program(list(words), env, told.fileno(), said.fileno())
        return ForkedProgram(child)

    def _be_the_program(self, words: list[str], env: Mapping[str, str], told: int, said: int) -> None:
        """Never returns."""
        status = 1
        try:
            end_with_parent()
            os.setsid()
            for source, target in ((told, 0), (said, 1), (said, 2)):
                os.dup2(source, target)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.environ.clear()
            os.environ.update(env)
            sys.argv = words
            self._spoil()
            self._entries[words[0]]()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def _loaded_entries() -> dict[str, Callable[[], object]]:
    """The entry of each command by its path, with all that a run of it imports."""
    import edge.agent
    import edge.cli
    import server.app
    import server.cli
    import server.cli.commands
    import server.cli.service

    return {command(EDGE): edge.cli.main, command(SERVER): server.cli.main}
