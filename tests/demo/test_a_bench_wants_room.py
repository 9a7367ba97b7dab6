"""A benchmark that its disk cannot hold says so before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_stage.uploading import bench_upload
from demo_stage.programs import StageError


def test_what_the_disk_cannot_hold_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="GB more must be free") as refused:
        bench_upload(tmp_path, rounds=1000, size_bytes=10**12, port=1, only=(), tool=None, told=lambda _line: None)
    assert str(tmp_path) in str(refused.value)
    assert list(tmp_path.iterdir()) == []
