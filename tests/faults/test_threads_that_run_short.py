"""A thread of the server that finds no memory for a moment goes on: none of them may end without a word."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from bench import Bench, BenchClock
from scripted_gateway import until

from edge.contract.instants import UtcMicros
from server.ingest.login_keeper import LoginKeeper
from server.ingest.read_back import ReadBack
from server.ingest.store_watch import StoreWatch
from server.store.clip_files import PartFile


class ShortPart(PartFile):
    """There is no memory for the first block that is read."""

    failures = 1

    def another(self) -> PartFile:
        return ShortPart(self.path, self.clip_id)

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        if self.failures:
            self.failures -= 1
            raise MemoryError
        return super().read_at(offset, size_bytes)


def test_hashing_goes_on_after_a_moment_without_memory(tmp_path: Path) -> None:
    caught_up, content = threading.Event(), b"recording" * 300_000
    read_back, part = ReadBack(caught_up.set), ShortPart(tmp_path / "part", "clip")
    part.write_at(0, content)
    running = read_back.begin(part)
    read_back.go_on_to(running, len(content))
    assert caught_up.wait(10)
    assert running.hexdigest == sha256(content).hexdigest()
    read_back.stop()
    part.close()


def test_logins_are_told_again_after_a_moment_without_memory(bench: Bench) -> None:
    told: list[object] = []

    def apply(logins: object) -> None:
        told.append(logins)
        if len(told) == 1:
            raise MemoryError

    keeper = LoginKeeper(bench.context.db, bench.context.broker_master_key, apply)
    keeper.start()
    assert until(lambda: keeper.last_error == "MemoryError")
    keeper.poke()
    assert keeper.wait_applied(10)
    assert until(lambda: keeper.last_error == "")
    keeper.stop()


@dataclass
class ShortClock(BenchClock):
    """The first question finds no memory for its answer."""

    asked: int = 0

    def now_us(self) -> UtcMicros:
        self.asked += 1
        if self.asked == 1:
            raise MemoryError
        return super().now_us()


def test_the_store_is_looked_after_again_after_a_moment_without_memory(bench: Bench) -> None:
    clock = ShortClock()
    watch = StoreWatch(replace(bench.context, clock=clock))
    watch.start()
    assert until(lambda: clock.asked >= 2, 10)
    watch.stop()
