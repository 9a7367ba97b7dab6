"""SIGKILL, or a full disk, at every durable step of keeping a reference: the old one or the new one stands, whole."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge.storage.reference_files import ReferenceFiles
from edge.storage.reference_health import ReferenceHealth
from tests.edge.commissioned import ARRAYS, kept
from tests.edge.kill_driver import Killer

pytestmark = pytest.mark.kill
_STEPS_AT_MOST = 100


def killed_at(step: int, folder: Path) -> bool:
    """Keep a reference in a process that dies at that step; False: it had no such step and ended by itself."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            killer = Killer(step, folder.with_suffix(".died"))
            for name in ("fsync", "rename", "unlink", "open"):
                setattr(os, name, killer.around(name, getattr(os, name)))
            kept(folder)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def assert_whole(folder: Path, *, least: int, most: int) -> None:
    """So many references stand, each can be read, and each names the one before it."""
    found = ReferenceFiles(folder).history("MON07")
    assert least <= len(found) <= most
    assert [one.view.replaces for one in found] == [None, *(one.sha256 for one in found)][: len(found)]
    assert all(one.arrays.read_bytes() == ARRAYS and one.picture.exists() for one in found)
    assert ReferenceHealth(ReferenceFiles(folder)).unusable() == []


@pytest.mark.parametrize("before", [0, 1])
def test_a_kill_at_any_step_leaves_the_old_reference_or_the_new_one(tmp_path: Path, before: int) -> None:
    for step in range(_STEPS_AT_MOST):
        folder = tmp_path / str(step)
        folder.mkdir()
        for _ in range(before):
            kept(folder)
        died = killed_at(step, folder)
        assert_whole(folder, least=before if died else before + 1, most=before + 1)
        kept(folder)
        assert_whole(folder, least=before + 1, most=before + 2)
        if not died:
            assert step > 8
            return
    pytest.fail("it never ended by itself")


def fails(name: str, plain: Callable[..., Any], chance: list[int], *given: Any, **named: Any) -> Any:
    chance[0] -= 1
    if chance[0] == 0:
        raise OSError(errno.ENOSPC, f"no space in {name}")
    return plain(*given, **named)


@pytest.mark.parametrize("step", range(1, 12))
def test_a_disk_that_is_full_at_any_step_leaves_the_old_reference_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    first = kept(tmp_path)
    chance = [step]
    with monkeypatch.context() as patched:
        for name in ("fsync", "rename", "open"):
            patched.setattr(os, name, partial(fails, name, getattr(os, name), chance))
        with contextlib.suppress(OSError):
            kept(tmp_path)
    assert_whole(tmp_path, least=1, most=2)
    standing = {path.stem for path in first.record.parent.glob("0*")}
    assert standing == {path.stem for path in first.record.parent.glob("*.json")}, "a torn act takes space for ever"
    kept(tmp_path)
    assert ReferenceFiles(tmp_path).history("MON07")[0] == first
    assert hashlib.sha256(ARRAYS).hexdigest() == first.view.arrays_sha256
