"""Child processes: run to their end, or started and watched, and ended by their pid whatever happens."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from edge.contract.sentences import sentence

_PR_SET_PDEATHSIG = 1


class StageError(Exception):
    """The demo cannot go on; the message says why and what to do."""


class ProgramFailedError(StageError):
    """A program ended when it should not have, or said no."""

    def __init__(self, *, name: str, status: int, told: str, log: Path | None = None) -> None:
        values = {"name": name, "status": status, "told": told.strip()}
        if log:
            said = sentence(
                "demo_ended_log", "{name} ended with status {status}:\n{told}\nIts log: {log}", log=log, **values
            )
        else:
            said = sentence("demo_ended", "{name} ended with status {status}:\n{told}", **values)
        super().__init__(said)
        self.name, self.status, self.told = name, status, told


def command(name: str) -> str:
    """The path of an installed command of this environment."""
    return str(Path(sys.executable).with_name(name))


def run_to_end(
    name: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    told: str = "",
    within: Sequence[str] = (),
) -> str:
    """Run an installed command, `told` on its standard input, and return what it printed. Raises ProgramFailedError.

    `within`: words before the command, such as those that run it in another network.
    """
    done = subprocess.run(
        [*within, command(name), *arguments],
        env={**os.environ, **(env or {})},
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ProgramFailedError(
            name=f"{name} {' '.join(arguments[:2])}", status=done.returncode, told=done.stderr or done.stdout
        )
    return done.stdout


class Running(Protocol):
    """A child process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Programs:
    """The running programs. Leaving the `with` block ends all of them, the last started first."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._running: dict[str, Running] = {}

    def __enter__(self) -> Programs:
        self._log_folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._running)):
            self.end(name)

    def run_to_end(
        self,
        name: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        told: str = "",
        within: Sequence[str] = (),
    ) -> str:
        """Run an installed command to its end, see `run_to_end`."""
        return run_to_end(name, *arguments, env=env, told=told, within=within)

    def start(self, name: str, arguments: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        """Start a program, under a name of ours, in a session of its own, so that Ctrl-C reaches the demo alone."""
        with self._log_of(name).open("ab") as log:
            self._running[name] = self._launched(arguments, {**os.environ, **(env or {})}, log)

    def _launched(self, arguments: Sequence[str | Path], env: Mapping[str, str], log: BinaryIO) -> Running:
        return subprocess.Popen(
            arguments,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509  (only prctl is called, nothing that takes a lock)
        )

    def pid(self, name: str) -> int:
        """The process id of a running program."""
        return self._running[name].pid

    def check(self) -> None:
        """Raises ProgramFailedError when a program is not running any more."""
        for name, process in self._running.items():
            status = process.poll()
            if status is not None:
                log = self._log_of(name)
                last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
                raise ProgramFailedError(name=name, status=status, told="\n".join(last), log=log)

    def end(self, name: str, *, wait_s: float = 15) -> int:
        """Ask a program to stop, and insist after `wait_s`. Its exit status."""
        process = self._running.pop(name)
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(timeout=wait_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def kill(self, name: str) -> None:
        """End a program with SIGKILL, as a power cut would."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def _log_of(self, name: str) -> Path:
        return self._log_folder / f"{name}.log"


def port_is_free(port: int) -> bool:
    """Whether a server could listen on a loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def end_with_parent() -> None:
    """In the child: get SIGTERM when the thread that started it ends, even by SIGKILL. Source: prctl(2)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
