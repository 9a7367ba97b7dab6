"""What every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", parent=settings.get_profile("suite"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

CHECKOUT = Path(__file__).parents[1]
SHARED = CHECKOUT.parent / "shared"


def pytest_configure() -> None:
    """A suite that runs in the background of a shell inherits a Ctrl-C that is ignored, and so would its programs."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


LONG_FIRST = ("wheel", "kill", "browser", "broker")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The modules that take longest begin first, so that no core waits for another at the end."""
    items.sort(key=lambda item: next((place for place, name in enumerate(LONG_FIRST) if _module_has(item, name)), 9))


def _module_has(item: pytest.Item, mark: str) -> bool:
    module = item.getparent(pytest.Module)
    return module is not None and module.get_closest_marker(mark) is not None


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared_footage() -> Path:
    """Real clips beside the checkout; the test skips where they are absent."""
    folder = SHARED / "footage"
    if not folder.is_dir():
        pytest.skip("no real footage beside the checkout (../shared/footage)")
    return folder
