"""The seeded department behind a browser without a screen: one copy per test, so that tests may change it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from server.config import load_config
from server.portal.routes import public_router
from server.usecases.set_up import open_context
from server.web.app import create_app
from tests.server.seed import FixedClock, Seeded, seed
from tests.server.seed_registers import PASSWORD

Browser = TestClient


@pytest.fixture(scope="session")
def seeded_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seeded]:
    folder = tmp_path_factory.mktemp("department") / "data"
    seeded = seed(folder)
    seeded.context.db.close()
    return folder, seeded


@pytest.fixture
def department(seeded_folder: tuple[Path, Seeded], tmp_path: Path) -> Iterator[Seeded]:
    """A fresh copy of the department, with a clock of its own."""
    folder, first = seeded_folder
    shutil.copytree(folder, tmp_path / "data")
    clock = FixedClock()
    context = open_context(load_config(tmp_path / "data"), clock)
    yield Seeded(context, clock, first.clips, first.content)
    context.db.close()


@pytest.fixture
def app(department: Seeded) -> FastAPI:
    return create_app(department.context, public=public_router(department.context))


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    """Nobody is signed in. Redirections are not followed."""
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, headers={"Accept-Language": "en"})


@pytest.fixture
def signed_in(app: FastAPI) -> Callable[[str], TestClient]:
    """A browser in which the named account is signed in; `browser.csrf` is its token."""

    def enter(name: str) -> TestClient:
        client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, headers={"Accept-Language": "en"})
        answer = client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.csrf = answer.json()["csrf_token"]  # type: ignore[attr-defined]  # carried along for forms
        return client

    return enter
