"""The public side: where fixed monitors stand, what they enforce, since when, verified until when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from server.pages.rendering import Pages
from server.pages.routes import OpenToAll
from server.portal.open_data import open_data_answer, sites_csv, sites_geojson
from server.usecases.context import AppContext
from server.usecases.public_sites import every_public_site, public_kinds, public_site, public_sites
from server.usecases.views import PublicSite

TEMPLATES = Path(__file__).parent / "templates"
PAGE_SIZE = 50
_WHY = Depends(OpenToAll("the announced sites are public by law; only the allow-list of PublicSite is shown"))
Words = Annotated[str, Query(max_length=100)]


def public_router(context: AppContext) -> APIRouter:
    """The public pages over one server's database."""
    router = APIRouter()
    pages = Pages(TEMPLATES, zone=context.rules.time_zone)
    router.add_api_route("/", _list_page(context, pages), methods=["GET"], dependencies=[_WHY])
    router.add_api_route("/sites.geojson", _geojson(context), methods=["GET"], dependencies=[_WHY])
    router.add_api_route("/sites.csv", _csv(context), methods=["GET"], dependencies=[_WHY])
    router.add_api_route("/sites/{number:path}", _site_page(context, pages), methods=["GET"], dependencies=[_WHY])
    return router


def _list_page(context: AppContext, pages: Pages) -> Callable[..., Response]:
    def list_page(request: Request, q: Words = "", kind: Words = "", after: Words = "") -> Response:
        now_us = context.clock.now_us()
        with context.db.reading() as session:
            found = public_sites(
                session,
                rules=context.rules,
                now_us=now_us,
                query=q.strip(),
                kind=kind or None,
                limit=PAGE_SIZE,
                after=after or None,
            )
            kinds = public_kinds(session, now_us=now_us)
        return pages.html(
            request, "sites.html", sites=found, query=q, kind=kind, kinds=kinds, after=after, now_us=now_us
        )

    return list_page


def _site_page(context: AppContext, pages: Pages) -> Callable[..., Response]:
    def site_page(request: Request, number: str) -> Response:
        now_us = context.clock.now_us()
        with context.db.reading() as session:
            site = public_site(session, number, rules=context.rules, now_us=now_us)
        return pages.html(request, "site.html", site=site, now_us=now_us)

    return site_page


def _geojson(context: AppContext) -> Callable[..., Response]:
    def geojson(request: Request) -> Response:
        text = sites_geojson(_all_sites(context))
        return open_data_answer(request, text, "application/geo+json", "sites.geojson")

    return geojson


def _csv(context: AppContext) -> Callable[..., Response]:
    def csv(request: Request) -> Response:
        text = sites_csv(_all_sites(context))
        return open_data_answer(request, text, "text/csv; charset=utf-8", "sites.csv")

    return csv


def _all_sites(context: AppContext) -> list[PublicSite]:
    with context.db.reading() as session:
        return every_public_site(session, rules=context.rules, now_us=context.clock.now_us())
