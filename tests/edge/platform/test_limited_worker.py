"""Hostile input is opened in a child: whatever it does there, the caller gets a verdict and the next call works."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from edge.platform.limited_worker import LimitedWorker, WorkerCrashedError, WorkerTimedOutError

THIS = "tests.edge.platform.test_limited_worker"


def answer(argument: Any) -> Any:
    """Runs in the child: does what the argument says."""
    match argument:
        case "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            time.sleep(3600)
        case "fill":
            return len(bytearray(4 << 30))
        case "fail":
            raise ValueError("the box is too large")
        case "print":
            os.write(1, b"a library prints\n")
        case "garbage":
            return {"set"}
        case "who":
            return [os.getpid(), os.environ["OPENBLAS_NUM_THREADS"], os.environ["OMP_NUM_THREADS"]]
    return argument


@contextmanager
def _worker() -> Iterator[LimitedWorker]:
    with closing(LimitedWorker(f"{THIS}:answer")) as worker:
        yield worker


@pytest.fixture
def worker() -> Iterator[LimitedWorker]:
    with _worker() as made:
        yield made


def test_the_child_is_kept_for_many_calls_and_has_one_thread_each_for_its_libraries(worker: LimitedWorker) -> None:
    first, second = (worker.call("who", time_limit_s=30) for _ in range(2))
    assert first == second
    assert first[0] != os.getpid()
    assert first[1:] == ["1", "1"]


@pytest.mark.parametrize("argument", ["die", "fill", "fail", "garbage"])
def test_a_crash_is_a_verdict_and_the_next_call_works(worker: LimitedWorker, argument: str) -> None:
    with pytest.raises(WorkerCrashedError):
        worker.call(argument, time_limit_s=30)
    assert worker.call("after", time_limit_s=30) == "after"


def test_a_hang_is_ended_at_its_limit(worker: LimitedWorker) -> None:
    assert worker.call("ready", time_limit_s=30) == "ready"
    with pytest.raises(WorkerTimedOutError) as refused:
        worker.call("hang", time_limit_s=0.2)
    assert refused.value.time_limit_s == 0.2
    assert worker.call("after", time_limit_s=30) == "after"


def test_what_a_library_prints_is_no_answer(worker: LimitedWorker) -> None:
    assert worker.call("print", time_limit_s=30) == "print"


def test_a_child_that_was_killed_from_outside_is_replaced(worker: LimitedWorker) -> None:
    pid = worker.call("who", time_limit_s=30)[0]
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert worker.call("who", time_limit_s=30)[0] != pid


def test_a_name_that_is_no_text_arrives_as_it_is(worker: LimitedWorker) -> None:
    name = os.fsdecode(b"BC01_\xff\n.mp4")
    assert worker.call({"name": name}, time_limit_s=30) == {"name": name}


def test_nothing_is_left_running_after_close() -> None:
    with _worker() as worker:
        pid = worker.call("who", time_limit_s=30)[0]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
