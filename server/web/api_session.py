"""Signing in and out for programs: the same session and the same limits as the form."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.pages.routes import OpenToAll
from server.usecases.sign_in import SignedIn, sign_in, sign_out
from server.web.access import (
    Context,
    Now,
    Signed,
    address_of,
    give_session,
    limits_of,
    reads,
    take_session,
    takes_json,
)
from server.web.queries import ONLY_DECLARED

router = APIRouter(prefix="/api/v1", dependencies=[ONLY_DECLARED])


class Credentials(BaseModel):
    """Name and password; the password is never shown, logged or echoed."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[SecretStr, Field(max_length=256)]


@router.post("/session", dependencies=[Depends(OpenToAll("whoever is not signed in must be able to sign in"))])
def enter(given: Credentials, request: Request, context: Context, now_us: Now) -> Response:
    """Sign in. The answer's `csrf_token` goes into `X-CSRF-Token` of every request that changes something.

    The body must be JSON, which no other site's form can send with the cookie unasked.
    """
    new = sign_in(
        context.db,
        limits_of(request),
        name=given.name,
        password=given.password.get_secret_value(),
        address=address_of(request),
        now_us=now_us,
    )
    answer = JSONResponse(_told(new.signed_in))
    give_session(request, answer, new.token)
    return answer


@router.get("/session", dependencies=[reads(None)])
def show(signed: Signed) -> Any:
    """Who is signed in here."""
    return _told(signed)


@router.delete("/session", dependencies=[takes_json(None)])
def leave(request: Request, context: Context, signed: Signed, now_us: Now) -> Response:
    """Sign out."""
    sign_out(context.db, signed, now_us)
    answer = Response(status_code=204)
    take_session(request, answer)
    return answer


def _told(signed_in: SignedIn) -> dict[str, Any]:
    scope = signed_in.scope
    return {
        "account": scope.account,
        "role": scope.role.value,
        "units": None if scope.units is None else sorted(scope.units),
        "officer": scope.officer_number,
        "csrf_token": signed_in.csrf_token,
    }
