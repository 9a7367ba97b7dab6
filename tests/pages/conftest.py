"""A running server over the seeded department, and a headless browser in front of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from server.portal.routes import public_router
from server.web.app import create_app
from tests.server.seed import Seeded, seed
from tests.server.seed_registers import PASSWORD

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def department(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(tmp_path_factory.mktemp("pages") / "data")


@pytest.fixture(scope="session")
def address(department: Seeded) -> Iterator[str]:
    """Where the pages are served."""
    app = create_app(department.context, public=public_router(department.context))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def visitor(chromium: Browser) -> Iterator[Page]:
    """A window in which nobody is signed in; one for all tests, since opening one takes longer than a page."""
    page = chromium.new_context().new_page()
    yield page
    page.context.close()


@pytest.fixture(scope="session")
def supervisor(chromium: Browser, address: str) -> Iterator[Page]:
    """A window in which the supervisor of unit A has signed in by the form."""
    page = chromium.new_context().new_page()
    page.goto(f"{address}/sign-in?lang=en")
    page.fill("#name", "supervisor-a")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/today")
    yield page
    page.context.close()
