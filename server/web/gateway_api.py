"""What gateways ask over HTTP: to join with a code, and the signed key set. No session: the code is the proof."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from edge.contract.enrolment import ENROLMENT_PATH, EnrolmentRequest
from server.pages.refusals import Refusal, problem
from server.pages.routes import OpenToAll
from server.usecases.enrol_gateway import EnrolmentRefusedError, enrol_gateway
from server.usecases.signing_keys import newest_key_set
from server.web.access import Context, Now

router = APIRouter()
_NO_STORE = {"Cache-Control": "no-store"}


@router.post(ENROLMENT_PATH, dependencies=[Depends(OpenToAll("the code of one use is the proof"))])
def enrol(request: EnrolmentRequest, context: Context, now_us: Now) -> Response:
    """Redeem a code with a new key: the gateway's id, its broker access and the server's key set."""
    try:
        answer = enrol_gateway(context, request, now_us=now_us)
    except EnrolmentRefusedError as error:
        return problem(Refusal(403, f"Enrolment refused: {error.reason.value}", str(error), code=error.reason.value))
    return JSONResponse(answer.model_dump(mode="json"), headers=_NO_STORE)


@router.get("/api/v1/keys", dependencies=[Depends(OpenToAll("public keys; whoever verifies a receipt needs them"))])
def show_keys(context: Context) -> dict[str, Any]:
    """The signed key set, for whoever verifies a receipt."""
    with context.db.reading() as session:
        return newest_key_set(session, context.signer)
