"""Several children at once: each call has its own, a crash in one is no other's, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from edge.platform.limited_worker import LimitedWorker, WorkerCrashedError, WorkerStoppedError
from edge.platform.worker_pool import WorkerPool, workers_for

TARGET = "tests.edge.platform.test_limited_worker:answer"


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with closing(WorkerPool(TARGET, size=2)) as made:
        yield made


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_no_call_runs_in_this_process(pool: WorkerPool) -> None:
    both = threading.Barrier(2)

    def call(_number: int) -> int:
        both.wait(timeout=60)
        pid: int = pool.call("who", time_limit_s=60)[0]
        both.wait(timeout=60)
        return pid

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(call, range(2))
    assert os.getpid() not in (first, second)


def test_more_calls_than_children_all_get_their_own_answer(pool: WorkerPool) -> None:
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda number: pool.call({"number": number}, time_limit_s=60), range(30)))
    assert answers == [{"number": number} for number in range(30)]


def test_a_crash_in_one_is_no_others(pool: WorkerPool) -> None:
    def call(argument: str) -> str:
        try:
            return str(pool.call(argument, time_limit_s=60))
        except WorkerCrashedError:
            return "crashed"

    with ThreadPoolExecutor(2) as threads:
        said = list(threads.map(call, ["die", "a", "die", "b", "fail", "c"]))
    assert said == ["crashed", "a", "crashed", "b", "crashed", "c"]


def test_stopping_gives_up_what_is_under_way_and_it_is_no_verdict(pool: WorkerPool) -> None:
    assert pool.call("ready", time_limit_s=60) == "ready"
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(pool.call, "hang", time_limit_s=3600)
        pool.stop()
        assert isinstance(hanging.exception(timeout=60), WorkerStoppedError)
    with pytest.raises(WorkerStoppedError):
        pool.call("after", time_limit_s=60)


def test_a_key_pressed_in_the_terminal_reaches_no_child() -> None:
    with closing(LimitedWorker(TARGET)) as worker:
        pid = worker.call("who", time_limit_s=60)[0]
        assert os.getpgid(pid) == pid != os.getpgid(0)


def test_a_child_ends_with_its_parent_even_in_the_middle_of_a_call() -> None:
    script = (
        "import sys, threading\n"
        "from edge.platform.limited_worker import LimitedWorker\n"
        f"worker = LimitedWorker({TARGET!r})\n"
        "print(worker.call('who', time_limit_s=60)[0], flush=True)\n"
        "worker.call('hang', time_limit_s=3600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(600):
        if _gone(child):
            return
        threading.Event().wait(0.05)
    pytest.fail(f"the child {child} is still there")


@pytest.mark.parametrize(("setting", "count"), [(1, 1), (5, 5)])
def test_the_number_of_workers_is_what_was_set(setting: int, count: int) -> None:
    assert workers_for(setting) == count


def test_without_a_setting_one_core_is_left_to_the_rest() -> None:
    assert workers_for(0) == max(1, len(os.sched_getaffinity(0)) - 1)
