"""The JSON API of clips: lists, receipts and manifests byte for byte, playing with a reason."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, JSONResponse, Response

from edge.contract.identifiers import ClipId
from server.domain.access import NotVisibleError, Permission
from server.usecases.clips import clip, clips
from server.usecases.view_clip import begin_view, file_to_play
from server.web.access import Context, Now, Signed, reads, takes_json
from server.web.json_views import json_of, json_page
from server.web.queries import ONLY_DECLARED, Limit, Text

router = APIRouter(prefix="/api/v1", dependencies=[ONLY_DECLARED])
ClipPath = Annotated[ClipId, Path()]


class GivenReason(BaseModel):
    """Why a clip is played."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, Field(min_length=3, max_length=500)]


@router.get("/clips", dependencies=[reads(Permission.SEE_CLIPS)])
def list_clips(
    context: Context, signed: Signed, now_us: Now, limit: Limit, device: Text = "", state: Text = "", after: Text = ""
) -> Any:
    """Clips of the caller's units, newest first."""
    with context.db.reading() as session:
        found = clips(
            session,
            scope=signed.scope,
            rules=context.rules,
            known_us=now_us,
            device=device or None,
            state=state or None,
            limit=limit,
            after=after or None,
        )
        return json_page(found)


@router.get("/clips/{clip_id}", dependencies=[reads(Permission.SEE_CLIPS)])
def show_clip(clip_id: ClipPath, context: Context, signed: Signed, now_us: Now) -> Any:
    """A clip with sightings, certificates, links, acts and its two verdicts."""
    with context.db.reading() as session:
        return json_of(clip(session, clip_id, scope=signed.scope, rules=context.rules, known_us=now_us))


@router.get("/clips/{clip_id}/receipt", dependencies=[reads(Permission.SEE_CLIPS)])
def show_receipt(clip_id: ClipPath, context: Context, signed: Signed, now_us: Now) -> Response:
    """The signed receipt, byte for byte as it was published."""
    with context.db.reading() as session:
        found = clip(session, clip_id, scope=signed.scope, rules=context.rules, known_us=now_us)
    if found.receipt is None:
        raise NotVisibleError(kind="receipt", number=clip_id)
    return Response(found.receipt, media_type="application/json")


@router.get("/clips/{clip_id}/manifests", dependencies=[reads(Permission.SEE_CLIPS)])
def show_manifests(clip_id: ClipPath, context: Context, signed: Signed, now_us: Now) -> Response:
    """The signed manifests of all sightings, each byte for byte as it came."""
    with context.db.reading() as session:
        found = clip(session, clip_id, scope=signed.scope, rules=context.rules, known_us=now_us)
    return Response(b'{"items":[' + b",".join(found.manifests) + b"]}", media_type="application/json")


@router.post("/clips/{clip_id}/views", dependencies=[takes_json(Permission.PLAY_CLIPS)])
def give_reason(clip_id: ClipPath, given: GivenReason, context: Context, signed: Signed, now_us: Now) -> Any:
    """Say why; from here on this session may play the clip."""
    act_index = begin_view(
        context.db, clip_id, reason=given.reason, signed_in=signed, rules=context.rules, now_us=now_us
    )
    return JSONResponse({"clip_id": clip_id, "act_index": act_index}, 201)


@router.get("/clips/{clip_id}/content", dependencies=[reads(Permission.PLAY_CLIPS)])
def play(clip_id: ClipPath, context: Context, signed: Signed, now_us: Now) -> Response:
    """The bytes, whole or by Range. Its type is what the first bytes say: names are the field's, and only data."""
    path = file_to_play(context.db, context.clip_files, clip_id, signed_in=signed, rules=context.rules, now_us=now_us)
    with path.open("rb") as file:
        media_type = media_type_of(file.read(12))
    headers = {"Content-Disposition": f'inline; filename="{clip_id}"'}
    return FileResponse(path, media_type=media_type, headers=headers)


def media_type_of(head: bytes) -> str:
    """The media type by the magic of a file's first 12 bytes."""
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/x-matroska"
    return "application/octet-stream"
