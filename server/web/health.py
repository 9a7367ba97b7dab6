"""For supervisors of processes: alive, and able to do all its work."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from server.pages.routes import OpenToAll
from server.web.access import Context

router = APIRouter()
_WHY = Depends(OpenToAll("a load balancer has no account; nothing about people or footage is told"))


@router.get("/livez", dependencies=[_WHY])
def alive() -> Any:
    """The process answers."""
    return {"alive": True}


@router.get("/readyz", dependencies=[_WHY])
def ready(context: Context) -> JSONResponse:
    """Whether it can do all its work, with the reasons where it cannot."""
    readiness = context.readiness()
    body = {"ready": readiness.ready, "reasons": list(readiness.reasons)}
    return JSONResponse(body, 200 if readiness.ready else 503)
