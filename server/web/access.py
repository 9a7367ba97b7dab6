"""Who is asking: the session behind a request, the permission its route demands, and the token against forgery."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Form, Header
from fastapi.params import Depends as DependsOn
from starlette.requests import Request
from starlette.responses import Response

from edge.contract.instants import MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros
from server.domain.access import Permission
from server.pages.routes import RequiresPermission
from server.usecases.context import AppContext
from server.usecases.sign_in import SessionLife, SignedIn, session_of
from server.usecases.sign_in_limits import SignInLimits

_COOKIE = "tallylight_session"


def context_of(request: Request) -> AppContext:
    """The running server's parts."""
    return cast(AppContext, request.app.state.context)


Context = Annotated[AppContext, Depends(context_of)]


def now_of(request: Request) -> UtcMicros:
    """The moment of this request; the same wherever it is asked."""
    if not hasattr(request.state, "now_us"):
        request.state.now_us = context_of(request).clock.now_us()
    return cast(UtcMicros, request.state.now_us)


Now = Annotated[UtcMicros, Depends(now_of)]


def limits_of(request: Request) -> SignInLimits:
    """The running server's count of attempts to sign in."""
    return cast(SignInLimits, request.app.state.sign_in_limits)


def address_of(request: Request) -> str:
    """Where the request comes from, for counting attempts."""
    return request.client.host if request.client is not None else "unknown"


def session_cookie(request: Request) -> str:
    """The cookie's name: with the `__Host-` prefix wherever a browser would take it, over https."""
    return f"__Host-{_COOKIE}" if request.url.scheme == "https" else _COOKIE


def give_session(request: Request, answer: Response, token: str) -> None:
    """Put the token into the browser, for this site alone and out of reach of scripts."""
    secure = request.url.scheme == "https"
    answer.set_cookie(session_cookie(request), token, path="/", secure=secure, httponly=True, samesite="lax")


def take_session(request: Request, answer: Response) -> None:
    """Remove the token from the browser."""
    secure = request.url.scheme == "https"
    answer.delete_cookie(session_cookie(request), path="/", secure=secure, httponly=True, samesite="lax")


def session_life(context: AppContext) -> SessionLife:
    """How long a session lives by the settings."""
    http = context.config.http
    return SessionLife(
        idle_us=http.sign_in_idle_minutes * 60 * MICROS_PER_SECOND,
        longest_us=http.sign_in_longest_hours * MICROS_PER_HOUR,
    )


def signed_in_of(request: Request) -> SignedIn:
    """The session of this request. Raises NotSignedInError."""
    if not hasattr(request.state, "signed_in"):
        context = context_of(request)
        token = request.cookies.get(session_cookie(request))
        request.state.signed_in = session_of(context.db, token, session_life(context), now_of(request))
    return cast(SignedIn, request.state.signed_in)


Signed = Annotated[SignedIn, Depends(signed_in_of)]


class Reads(RequiresPermission):
    """A route that changes nothing: session and permission."""

    def __call__(self, request: Request) -> SignedIn:
        """Raises NotSignedInError or NotPermittedError."""
        signed_in = signed_in_of(request)
        if self.permission is not None:
            signed_in.scope.require(self.permission)
        return signed_in


class TakesForm(Reads):
    """A form's address: the form must carry the session's token in `csrf_token`."""

    def __call__(self, request: Request, csrf_token: Annotated[str, Form()] = "") -> SignedIn:
        """Raises also ForgeryRefusedError."""
        signed_in = super().__call__(request)
        signed_in.check_csrf(csrf_token)
        return signed_in


class TakesJson(Reads):
    """A changing address of the API: the request must carry the session's token in `X-CSRF-Token`."""

    def __call__(self, request: Request, x_csrf_token: Annotated[str | None, Header()] = None) -> SignedIn:
        """Raises also ForgeryRefusedError."""
        signed_in = super().__call__(request)
        signed_in.check_csrf(x_csrf_token)
        return signed_in


def reads(permission: Permission | None) -> DependsOn:
    """The dependency of a reading route; None: any signed-in person."""
    return DependsOn(Reads(permission))


def takes_form(permission: Permission | None) -> DependsOn:
    """The dependency of a form's address."""
    return DependsOn(TakesForm(permission))


def takes_json(permission: Permission | None) -> DependsOn:
    """The dependency of a changing address of the API."""
    return DependsOn(TakesJson(permission))
