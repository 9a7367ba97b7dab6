"""Signing in and out by form."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.domain.access import Permission, Scope
from server.pages.formats import Formats
from server.pages.refusals import refusal_of
from server.pages.rendering import language_of
from server.pages.routes import OpenToAll
from server.usecases.accounts import TooManyHashesError
from server.usecases.sign_in import (
    ForgeryRefusedError,
    NotSignedInError,
    SignInRefusedError,
    sign_in,
    sign_out,
)
from server.usecases.sign_in_limits import TooManyAttemptsError
from server.web.access import (
    Context,
    Now,
    Signed,
    address_of,
    give_session,
    limits_of,
    signed_in_of,
    take_session,
    takes_form,
)
from server.web.visit import pages_of

_FORM_COOKIE = "tallylight_form"
_WHY = Depends(OpenToAll("whoever is not signed in must be able to sign in"))
NextPath = Annotated[str, Query(max_length=2000)]
HiddenNext = Annotated[str, Form(max_length=2000)]
router = APIRouter()


@router.get("/sign-in", dependencies=[_WHY])
def show(request: Request, now_us: Now, next: NextPath = "") -> Response:  # noqa: A002  (the query's own name)
    """The form, or on to where the person was going."""
    try:
        signed_in = signed_in_of(request)
    except NotSignedInError:
        return _form(request, next_path=next)
    return RedirectResponse(_safe_path(next) or home_of(signed_in.scope, request, now_us), 303)


@router.post("/sign-in", dependencies=[_WHY])
def enter(
    request: Request,
    context: Context,
    now_us: Now,
    name: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=256)] = "",
    csrf_token: Annotated[str, Form(max_length=128)] = "",
    next: HiddenNext = "",  # noqa: A002  (the form's own name)
) -> Response:
    """Sign in; what is wrong is said beside the form, the same words for every wrong name and password."""
    try:
        _check_form(request, csrf_token)
        new = sign_in(
            context.db,
            limits_of(request),
            name=name.strip(),
            password=password,
            address=address_of(request),
            now_us=now_us,
        )
    except (SignInRefusedError, TooManyAttemptsError, TooManyHashesError, ForgeryRefusedError) as error:
        return _form(request, next_path=next, error=error, name=name)
    answer = RedirectResponse(_safe_path(next) or home_of(new.signed_in.scope, request, now_us), 303)
    give_session(request, answer, new.token)
    return answer


@router.post("/sign-out", dependencies=[takes_form(None)])
def leave(request: Request, context: Context, signed_in: Signed, now_us: Now) -> Response:
    """Sign out."""
    sign_out(context.db, signed_in, now_us)
    answer = RedirectResponse("/sign-in", 303)
    take_session(request, answer)
    return answer


def home_of(scope: Scope, request: Request, now_us: int) -> str:
    """Where a person starts."""
    if scope.may(Permission.SEE_TODAY):
        return "/today"
    if scope.officer_number:
        zone = request.app.state.context.rules.time_zone
        today = Formats(language_of(request), zone).local(now_us).date()
        return f"/officers/{scope.officer_number}/days/{today.isoformat()}"
    return "/staff/sites"


def _form(request: Request, *, next_path: str, error: Exception | None = None, name: str = "") -> Response:
    """The form with a token of its own, held by a cookie: nobody can sign another person in from outside."""
    token = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(32)
    refusal = None if error is None else refusal_of(error)
    answer = pages_of(request).html(
        request,
        "sign_in.html",
        status=200 if refusal is None else refusal.status,
        form_token=token,
        next=_safe_path(next_path),
        refusal=refusal,
        name=name,
    )
    if refusal is not None and refusal.retry_after_s is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    secure = request.url.scheme == "https"
    answer.set_cookie(_FORM_COOKIE, token, path="/sign-in", secure=secure, httponly=True, samesite="strict")
    return answer


def _check_form(request: Request, given: str) -> None:
    held = request.cookies.get(_FORM_COOKIE, "")
    if not held or not hmac.compare_digest(held.encode(), given.encode()):
        raise ForgeryRefusedError


def _safe_path(path: str) -> str:
    """The path if it leads back into this site, else nothing: never a way to another host."""
    parts = urlsplit(path)
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if inside and "\\" not in path and not any(ord(sign) < 32 for sign in path) else ""
