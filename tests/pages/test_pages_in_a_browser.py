"""Every page in a real browser: no violation of WCAG 2.2 AA, nothing wider than the screen, no request elsewhere."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request
from sqlalchemy import select

from server.store.tables import Finding
from tests.server.seed import Seeded
from tests.server.seed_registers import DAY

pytestmark = pytest.mark.browser
LANGUAGES = ["zh-CN", "en"]
WIDTHS_PX = [1280, 390]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
STAFF = {
    "today": "/today",
    "officer day": f"/officers/A-03101/days/{DAY}",
    "officer day not known yet": f"/officers/A-03103/days/{DAY}",
    "officer day without a recorder": f"/officers/A-03102/days/{DAY}",
    "empty officer day": "/officers/A-03101/days/2026-11-20",
    "findings": "/findings",
    "no findings": "/findings?device=none",
    "finding": "/findings/{finding}",
    "cases without footage": "/cases/without-footage",
    "case": "/cases/HG-A-0001",
    "case with proposals": "/cases/HG-A-0002",
    "unassigned": "/footage/unassigned",
    "clip": "/clips/{first}",
    "damaged clip": "/clips/{damaged}",
    "clip not sealed": "/clips/{waiting}",
    "monitor clip": "/clips/{monitor}",
    "ask": "/ask",
    "ask with both answers": f"/ask?subject=officer&number=A-03101&at={DAY}T11:05:00&known={DAY}T16:50:00",
    "ask in vain": "/ask?subject=officer&number=nobody",
    "staff sites": "/staff/sites",
    "absent": "/cases/none",
}
PUBLIC = {
    "sign in": "/sign-in",
    "public list": "/",
    "public search in vain": "/?q=nowhere",
    "public site": "/sites/S-A-1",
    "announced site": "/sites/S-A-2",
    "no such page": "/nothing",
}


def address_of(path: str, department: Seeded, language: str) -> str:
    with department.context.db.reading() as session:
        finding = session.scalars(select(Finding.finding_id).where(Finding.kind == "interruption")).one()
    path = path.format(finding=finding, **department.clips) if "{" in path else path
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


def look(page: Page, address: str, width_px: int) -> None:
    """Open the page; it must be clean, fit, and ask nobody but its own server for anything."""
    asked: list[str] = []
    faults: list[str] = []

    def note_request(request: Request) -> None:
        asked.append(request.url)

    def note_fault(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    page.on("request", note_request)
    page.on("console", note_fault)
    page.set_viewport_size({"width": width_px, "height": 900})
    page.goto(address)
    page.remove_listener("request", note_request)
    page.remove_listener("console", note_fault)
    origin = "/".join(address.split("/")[:3])
    assert [url for url in asked if not url.startswith(origin)] == []
    assert [fault for fault in faults if "404" not in fault] == []
    wider_px = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider_px <= 0, f"{wider_px} px wider than the screen"
    result = Axe().run(page, options=RULES)
    assert result.violations_count == 0, result.generate_report()


@pytest.mark.parametrize("width_px", WIDTHS_PX)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", STAFF)
def test_a_staff_page_is_clean(
    name: str, language: str, width_px: int, supervisor: Page, address: str, department: Seeded
) -> None:
    look(supervisor, address + address_of(STAFF[name], department, language), width_px)


@pytest.mark.parametrize("width_px", WIDTHS_PX)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_is_clean(
    name: str, language: str, width_px: int, visitor: Page, address: str, department: Seeded
) -> None:
    look(visitor, address + address_of(PUBLIC[name], department, language), width_px)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_sign_in_is_clean_and_says_what_to_do(language: str, visitor: Page, address: str) -> None:
    visitor.goto(f"{address}/sign-in?lang={language}")
    visitor.fill("#name", "nobody")
    visitor.fill("#password", "not the password at all")
    visitor.click("main button[type=submit]")
    assert visitor.locator(".govuk-error-summary").is_visible()
    assert Axe().run(visitor, options=RULES).violations_count == 0


def test_the_player_appears_after_the_reason(supervisor: Page, address: str, department: Seeded) -> None:
    supervisor.goto(f"{address}/clips/{department.clips['second']}?lang=zh-CN")
    supervisor.fill("#reason", "投诉复核")
    supervisor.click("main form button[type=submit]")
    assert supervisor.locator("video").is_visible()
    assert Axe().run(supervisor, options=RULES).violations_count == 0


def test_the_keyboard_reaches_the_content_first(supervisor: Page, address: str) -> None:
    supervisor.goto(f"{address}/today?lang=en")
    supervisor.keyboard.press("Tab")
    assert supervisor.evaluate("document.activeElement.className") == "govuk-skip-link"
    supervisor.keyboard.press("Enter")
    assert supervisor.url.endswith("#main")
