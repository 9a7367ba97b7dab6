"""The route table as one flat list, and the word each route must say about who may use it: nothing said, not served."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from server.domain.access import Permission


class Access:
    """What a route says about who may use it; every route carries exactly one as a dependency."""


class OpenToAll(Access):
    """Whoever asks may have it. `why` says what makes that right."""

    def __init__(self, why: str) -> None:
        self.why = why

    def __call__(self) -> None:
        """Nothing to check."""


class RequiresPermission(Access):
    """Base of the checks in `server.web.access`: a signed-in person with this permission; None: anyone signed in."""

    def __init__(self, permission: Permission | None) -> None:
        self.permission = permission


class UndeclaredRouteError(Exception):
    """A route says nothing, or two things, about who may use it; the program does not start."""

    def __init__(self, *, path: str, declared: int) -> None:
        super().__init__(f"route {path} declares {declared} accesses, it needs exactly one")
        self.path, self.declared = path, declared


def every_route(app: FastAPI | APIRouter) -> list[APIRoute]:
    """All routes that this program's own functions answer, those of included routers with them."""
    return list(_routes(app.routes))


def access_of(route: APIRoute) -> Access:
    """What the route says about who may use it. Raises UndeclaredRouteError."""
    calls: list[object] = [part.call for part in route.dependant.dependencies]
    declared = [call for call in calls if isinstance(call, Access)]
    if len(declared) != 1:
        raise UndeclaredRouteError(path=route.path, declared=len(declared))
    return declared[0]


def refuse_undeclared(app: FastAPI) -> None:
    """Raises UndeclaredRouteError for the first route that does not say who may use it."""
    for route in every_route(app):
        access_of(route)


def _routes(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            yield route
        elif isinstance(inner, APIRouter):
            yield from _routes(inner.routes)
