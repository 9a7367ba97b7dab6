"""From an error to an answer: one table of status codes, problem details for the API, a page for people.

No answer repeats what was sent, and none tells an absent thing from one that this person may not see.
Source: RFC 9457 (problem details).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from server.domain.access import NotPermittedError, NotVisibleError
from server.domain.findings import StepNotAllowedError
from server.domain.publication import NotPublicError
from server.pages.rendering import Pages
from server.usecases.accounts import TooManyHashesError
from server.usecases.devices import IntervalTooLongError
from server.usecases.pages import BadPlaceError
from server.usecases.sign_in import ForgeryRefusedError, NotSignedInError, SignInRefusedError
from server.usecases.sign_in_limits import TooManyAttemptsError
from server.usecases.view_clip import NotStoredError, ReasonMissingError, ReasonRefusedError

API_PREFIX = "/api/"


class BadQueryError(ValueError):
    """The query names something unknown or malformed; the caller corrects the named field."""

    def __init__(self, *, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


# Absent and forbidden must look the same: both are 404, with the same words.
HTTP_STATUS_OF: dict[type[Exception], int] = {
    NotVisibleError: 404,
    NotPermittedError: 404,
    NotPublicError: 404,
    NotSignedInError: 401,
    SignInRefusedError: 401,
    ForgeryRefusedError: 403,
    ReasonMissingError: 403,
    BadQueryError: 400,
    BadPlaceError: 400,
    IntervalTooLongError: 400,
    StepNotAllowedError: 409,
    NotStoredError: 409,
    ReasonRefusedError: 422,
    TooManyAttemptsError: 429,
    TooManyHashesError: 503,
}
_TITLES = {
    400: "The request is not right",
    401: "Sign in first",
    403: "This cannot be done so",
    404: "Nothing here for you",
    405: "This address does not take that method",
    409: "This does not fit what is on record",
    413: "The request is too large",
    415: "This kind of content is not taken",
    416: "The file has no such range",
    422: "The request is not right",
    429: "Too many attempts",
    500: "Something went wrong here",
    503: "Not ready at this moment",
}
_SAYS_WHY = (
    SignInRefusedError,
    ForgeryRefusedError,
    ReasonMissingError,
    ReasonRefusedError,
    NotStoredError,
    BadQueryError,
    BadPlaceError,
    IntervalTooLongError,
    TooManyAttemptsError,
    TooManyHashesError,
)


_FIELD_PLACES = frozenset({"query", "path", "body", "header"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is told: status, title, one sentence; `retry_after_s` where waiting helps; `code` for programs."""

    status: int
    title: str
    detail: str
    retry_after_s: int | None = None
    code: str = ""


def refusal_of(error: Exception) -> Refusal:
    """What an error tells its reader."""
    if isinstance(error, RequestValidationError):
        return Refusal(422, _TITLES[422], _named_fields(error))
    if isinstance(error, HTTPException):
        return Refusal(error.status_code, _TITLES.get(error.status_code, _TITLES[400]), "")
    status = HTTP_STATUS_OF[type(error)]
    detail = str(error) if isinstance(error, _SAYS_WHY) else ""
    retry_after_s = error.retry_after_s if isinstance(error, TooManyAttemptsError) else None
    return Refusal(status, _TITLES[status], detail, 5 if status == 503 else retry_after_s)


def problem(refusal: Refusal) -> JSONResponse:
    """The refusal as RFC 9457 problem details."""
    body = {"type": "about:blank", "title": refusal.title, "status": refusal.status}
    if refusal.detail:
        body["detail"] = refusal.detail
    if refusal.code:
        body["code"] = refusal.code
    headers = {} if refusal.retry_after_s is None else {"Retry-After": str(refusal.retry_after_s)}
    return JSONResponse(body, refusal.status, headers, media_type="application/problem+json")


def install_refusals(app: FastAPI, pages: Pages) -> None:
    """Answer every error of the table, bad input and unknown addresses in the same form."""

    def answer(request: Request, error: Exception) -> Response:
        refusal = refusal_of(error)
        if request.url.path.startswith(API_PREFIX):
            return problem(refusal)
        if isinstance(error, NotSignedInError) and request.method in ("GET", "HEAD"):
            return RedirectResponse("/sign-in?" + urlencode({"next": _way_back(request)}), status_code=303)
        headers = {} if refusal.retry_after_s is None else {"Retry-After": str(refusal.retry_after_s)}
        return pages.html(
            request, "refused.html", status=refusal.status, headers=headers, repeats_address=False, refusal=refusal
        )

    def fell_over(request: Request, error: Exception) -> Response:
        """An error nobody foresaw: logged by the server, told without its content."""
        del error
        refusal = Refusal(500, _TITLES[500], "")
        if request.url.path.startswith(API_PREFIX):
            return problem(refusal)
        return pages.html(request, "refused.html", status=500, repeats_address=False, refusal=refusal)

    for kind in (*HTTP_STATUS_OF, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, fell_over)


def _way_back(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _named_fields(error: RequestValidationError) -> str:
    """The declared names of what did not fit; names only, since the values may hold anything."""
    faults = error.errors()
    if any(fault["type"] == "extra_forbidden" for fault in faults):
        return "the body has a field that this address does not know"  # its name is the sender's, and not repeated
    names = {str(part) for fault in faults for part in fault["loc"][1:2] if fault["loc"][0] in _FIELD_PLACES}
    return f"check: {', '.join(sorted(names))}" if names else "the body cannot be read"
