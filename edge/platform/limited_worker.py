"""A child process for hostile input: bounded memory, bounded time, replaced after a crash.

The child is a fresh interpreter (a fork after PyAV was used hung for good), and answers in JSON: what a captured child
sends can be wrong, but it cannot run anything here. Calls: one line {"argument": ...} in, one line
{"result": ...} or {"failed": ...} out.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, BinaryIO

MEMORY_BYTES = 1 << 30
MAX_ANSWER_BYTES = 16 << 20
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class WorkerCrashedError(Exception):
    """The child died, ran out of memory or failed over this input: that is the input's verdict."""

    def __init__(self, *, detail: str) -> None:
        super().__init__(f"the check of this file failed: {detail}")
        self.detail = detail


class WorkerTimedOutError(Exception):
    """The child did not finish in time and was ended: that is the input's verdict."""

    def __init__(self, *, time_limit_s: float) -> None:
        super().__init__(f"the check of this file did not end within {time_limit_s:.0f} s")
        self.time_limit_s = time_limit_s


class WorkerStoppedError(Exception):
    """The call was given up because this program ends: it says nothing of the input."""

    def __init__(self) -> None:
        super().__init__("the check was given up because the program ends")


class LimitedWorker:
    """Calls one function `module:name` of one JSON argument in a child that is kept for many calls."""

    def __init__(self, target: str, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._target, self._memory_bytes = target, memory_bytes
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopped = False

    def call(self, argument: Any, *, time_limit_s: float) -> Any:
        """The function's JSON result. Raises WorkerCrashedError or WorkerTimedOutError; the next call starts anew.

        Raises WorkerStoppedError after `stop`, also in a call that is under way.
        """
        with self._lock:
            if self._stopped:
                raise WorkerStoppedError
            child = self._running()
            if self._stopped:  # `stop` may have come before it could see this child
                child.kill()
            out_of_time = threading.Event()

            def end() -> None:
                out_of_time.set()
                child.kill()

            timer = threading.Timer(time_limit_s, end)
            timer.start()
            try:
                answer = _exchange(child, argument)
            finally:
                timer.cancel()
            if answer is not None:
                return _result(answer)
            with suppress(subprocess.TimeoutExpired):  # it is dying by itself, or is ended now
                child.wait(timeout=1.0)
            status = self._end_child()
        if self._stopped:
            raise WorkerStoppedError
        if out_of_time.is_set():
            raise WorkerTimedOutError(time_limit_s=time_limit_s)
        raise WorkerCrashedError(detail=f"the process ended with status {status}")

    def stop(self) -> None:
        """Give up the call that is under way, and every later one; may be called by any thread."""
        self._stopped = True
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """End the child; a call that is under way is given up."""
        self.stop()
        with self._lock:
            self._end_child()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end_child()
            # stderr carries text out of hostile files, which has no place in a log; the verdict says what happened
            self._child = subprocess.Popen(
                [sys.executable, "-m", "edge.platform.limited_worker", self._target, str(self._memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                process_group=0,  # a Ctrl-C for this program must not look like a crash over an input
                env={**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        return self._child

    def _end_child(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        child.kill()
        status = child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what was not written yet has nobody to read it
                    pipe.close()
        return status


def _exchange(child: subprocess.Popen[bytes], argument: Any) -> dict[str, Any] | None:
    """The child's answer, or None where it gave none that can be read."""
    if child.stdin is None or child.stdout is None:
        return None
    try:
        child.stdin.write(json.dumps({"argument": argument}).encode() + b"\n")
        child.stdin.flush()
        line = child.stdout.readline(MAX_ANSWER_BYTES)
        answer = json.loads(line) if line.endswith(b"\n") else None
    except (OSError, ValueError, RecursionError):
        return None  # the caller ends the child and says so
    return answer if isinstance(answer, dict) else None


def _result(answer: dict[str, Any]) -> Any:
    if "failed" in answer:
        raise WorkerCrashedError(detail=str(answer["failed"])[:300])
    return answer.get("result")


def serve(target: str, memory_bytes: int, requests: BinaryIO, answers: BinaryIO) -> None:
    """The child's loop: limits first, then the import, then one call after another until the pipe is closed."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    for line in _lines_until_alone(requests):
        try:
            answer = {"result": function(json.loads(line)["argument"])}
        except Exception as error:  # noqa: BLE001 - the outer loop: every failure is this input's verdict, sent as such
            answer = {"failed": f"{type(error).__name__}: {error}"[:300]}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _lines_until_alone(requests: BinaryIO) -> Iterator[bytes]:
    """The lines of the parent. When it is gone the child ends at once, whatever it is doing: nobody waits for it."""
    lines: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        for line in requests:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield lines.get()


def main() -> None:
    """Entry of the child: `python -m edge.platform.limited_worker MODULE:NAME MEMORY_BYTES`."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    serve(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
