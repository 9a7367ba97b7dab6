"""Several limited workers behind one `call`, so that as many files are looked into at once as there are cores for."""

from __future__ import annotations

import os
from queue import LifoQueue
from typing import Any

from edge.platform.limited_worker import MEMORY_BYTES, LimitedWorker


def workers_for(setting: int) -> int:
    """How many workers a setting means; 0: as many as this process may use cores, minus one, at least one."""
    return setting or max(1, len(os.sched_getaffinity(0)) - 1)


class WorkerPool:
    """Each call goes to a worker that is free, the last used first: a child is started only when it is needed."""

    def __init__(self, target: str, *, size: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self.size = size
        self._workers = [LimitedWorker(target, memory_bytes=memory_bytes) for _ in range(size)]
        self._free: LifoQueue[LimitedWorker] = LifoQueue()
        for worker in reversed(self._workers):
            self._free.put(worker)

    def call(self, argument: Any, *, time_limit_s: float) -> Any:
        """As `LimitedWorker.call`; waits while all are busy. The limit counts from when a worker was free."""
        worker = self._free.get()
        try:
            return worker.call(argument, time_limit_s=time_limit_s)
        finally:
            self._free.put(worker)

    def stop(self) -> None:
        """Give up every call, now and later; may be called by any thread."""
        for worker in self._workers:
            worker.stop()

    def close(self) -> None:
        """End the children; calls that are under way are given up."""
        self.stop()
        for worker in self._workers:
            worker.close()
