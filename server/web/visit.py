"""A signed-in person's request for a page: who asks, when, of which server, and how the answer is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from edge.contract.instants import UtcMicros
from server.domain.access import Scope
from server.domain.rules import RuleSet
from server.pages.rendering import Pages
from server.store.database import Database
from server.usecases.sign_in import SignedIn
from server.web.access import context_of, now_of, signed_in_of


@dataclass(frozen=True, slots=True)
class StaffVisit:
    """One request. Its moment is the same wherever it is asked."""

    request: Request
    signed_in: SignedIn
    db: Database
    rules: RuleSet
    now_us: UtcMicros

    @property
    def scope(self) -> Scope:
        """Whose records this person may see."""
        return self.signed_in.scope

    @property
    def zone(self) -> str:
        """The time zone in which this server's local times are meant."""
        return self.rules.time_zone

    def page(self, template: str, *, status: int = 200, zone: str | None = None, **values: Any) -> Response:
        """The template as the answer."""
        return pages_of(self.request).html(self.request, template, status=status, zone=zone, **values)


def pages_of(request: Request) -> Pages:
    """The staff side's templates."""
    return cast(Pages, request.app.state.pages)


def visit_of(request: Request) -> StaffVisit:
    """The visit behind a request. Raises NotSignedInError."""
    context = context_of(request)
    return StaffVisit(request, signed_in_of(request), context.db, context.rules, now_of(request))


Visit = Annotated[StaffVisit, Depends(visit_of)]
