"""The web application: staff pages and API, with the public router that is handed in. Default deny."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from server.pages.headers import BodyLimit, SafeHeaders
from server.pages.refusals import install_refusals
from server.pages.rendering import Pages
from server.pages.routes import refuse_undeclared
from server.pages.static_files import STATIC
from server.usecases.context import AppContext
from server.usecases.sign_in_limits import SignInLimits
from server.web import (
    api_clips,
    api_reading,
    api_session,
    ask_page,
    case_pages,
    finding_pages,
    footage_pages,
    gateway_api,
    health,
    sign_in_pages,
    staff_pages,
)

_ROOMS = (
    health,
    api_session,
    api_clips,
    api_reading,
    gateway_api,
    sign_in_pages,
    staff_pages,
    ask_page,
    finding_pages,
    case_pages,
    footage_pages,
)
TEMPLATES = Path(__file__).parent / "templates"


def create_app(context: AppContext, *, public: APIRouter) -> FastAPI:
    """Everything that is served over HTTP. `public`: the portal's router, which this room does not know.

    Raises UndeclaredRouteError where a route does not say who may use it.
    """
    app = FastAPI(title="Tallylight", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    app.state.sign_in_limits = SignInLimits()
    pages = Pages(TEMPLATES, zone=context.rules.time_zone)
    app.state.pages = pages
    for room in _ROOMS:
        app.include_router(room.router)
    app.include_router(public)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    install_refusals(app, pages)
    app.add_middleware(BodyLimit)
    app.add_middleware(SafeHeaders)
    refuse_undeclared(app)
    return app
