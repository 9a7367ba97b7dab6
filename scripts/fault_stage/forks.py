"""Children of this program: everything is loaded here once, so that a run costs milliseconds and not an import."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from demo_stage.programs import StageError

_ATTACHED = re.compile(rb"Process \d+ attached")
STRACE_ADVICE = "strace is needed: apt-get install strace"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: `signal` 0 where it ended by itself. `told`: what it wrote before."""

    status: int
    signal: int
    told: str


def run_forked(
    action: Callable[[], str], *, tracer: Sequence[str] = (), prepare: Callable[[], None] = lambda: None
) -> Ended:
    """`prepare` and then `action` in a child; what `action` returns is told. With `tracer`, a strace command without
    `-p`, the child waits between the two until it is traced. Raises StageError where strace does not attach.

    Forking is safe only while this program has one thread.
    """
    if threading.active_count() != 1:
        raise StageError("a program with several threads cannot be forked safely")
    ready_read, ready_write = os.pipe()
    go_read, go_write = os.pipe()
    with tempfile.TemporaryFile() as told:
        child = os.fork()
        if child == 0:
            os.close(ready_read)
            os.close(go_write)
            _be_the_child(action, prepare, told.fileno(), ready_write, go_read)
        os.close(ready_write)
        os.close(go_read)
        try:
            tracing = None
            if os.read(ready_read, 1) and tracer:
                tracing = _attach(tracer, child)
            if tracing is not None or not tracer:
                _let_go(go_write)
        finally:
            os.close(ready_read)
            os.close(go_write)
            _, status = os.waitpid(child, 0)
        if tracing is not None:
            tracing.communicate()
        told.seek(0)
        text = told.read().decode(errors="replace")
    if os.WIFSIGNALED(status):
        return Ended(0, os.WTERMSIG(status), text)
    return Ended(os.WEXITSTATUS(status), 0, text)


def _be_the_child(action: Callable[[], str], prepare: Callable[[], None], told: int, ready: int, go: int) -> None:
    """Never returns: what the parent has open is the parent's to close."""
    status = 3
    try:
        prepare()
        os.write(ready, b"r")
        if os.read(go, 1):
            os.write(told, action().encode())
            status = 0
    finally:
        if status:
            os.write(told, traceback.format_exc().encode())  # the outermost frame of a process
        os._exit(status)


def _let_go(go: int) -> None:
    with suppress(BrokenPipeError):  # it was ended while it waited: that, too, is a system call
        os.write(go, b"g")


def _attach(tracer: Sequence[str], child: int) -> subprocess.Popen[bytes]:
    try:
        tracing = subprocess.Popen([*tracer, "-p", str(child)], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise StageError(STRACE_ADVICE) from error
    if tracing.stderr is None:
        raise StageError("strace has no standard error")
    line = tracing.stderr.readline()
    if not _ATTACHED.search(line):
        tracing.kill()
        tracing.communicate()
        raise StageError(f"strace does not attach: {line.decode(errors='replace').strip()}")
    return tracing


def why_nothing_is_traced() -> str:
    """What stands against strace here; "" where it works. It needs no root, yet some containers forbid it."""
    try:
        ended = run_forked(lambda: "traced", tracer=("strace", "-e", "trace=none"))
    except StageError as error:
        return str(error)
    return "" if ended.told == "traced" else f"a program that strace looks at ended with {ended}"
