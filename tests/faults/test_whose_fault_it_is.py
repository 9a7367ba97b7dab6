"""What the machine does to a step is never blamed on the message that met it; what a message does itself, is."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

import pytest
from bench import Bench, reasons
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

MACHINE = {
    "a page is damaged": DatabaseError("SELECT", None, sqlite3.DatabaseError("malformed")),
    "the disk is full": OperationalError("INSERT", None, sqlite3.OperationalError("full")),
    "no descriptors": OSError(errno.EMFILE, "Too many open files"),
    "no memory": MemoryError(),
}
MESSAGE = {"a value nobody foresaw": ValueError("odd"), "a row twice": IntegrityError("", None, Exception())}


def meet(bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def take(*_given: Any, **_named: Any) -> None:
        raise error

    gateway = bench.gateway()
    monkeypatch.setattr(bench.control, "take", take)
    gateway.hello()


@pytest.mark.parametrize("error", MACHINE.values(), ids=MACHINE)
def test_an_error_of_the_machine_fails_the_step_and_sets_nothing_aside(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with pytest.raises(type(error)):
        meet(bench, monkeypatch, error)
    assert reasons(bench) == []


@pytest.mark.parametrize("error", MESSAGE.values(), ids=MESSAGE)
def test_a_message_that_fails_by_itself_is_kept_for_a_person(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    meet(bench, monkeypatch, error)
    assert reasons(bench) == ["server_failed"]
