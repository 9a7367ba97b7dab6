"""What every test of faults may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A server's ingest without a broker."""
    return Bench(tmp_path / "server")
