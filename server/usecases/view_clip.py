"""Playing a clip: a reason once per clip and sign-in, its act durable before the first byte, every request checked."""

from __future__ import annotations

from pathlib import Path

from server.domain.access import NotVisibleError, Permission
from server.domain.rules import RuleSet
from server.store.act_log import append_act
from server.store.clip_files import ClipFiles
from server.store.database import Database
from server.store.tables import Clip, ViewReason
from server.usecases.clips import clip as visible_clip
from server.usecases.sign_in import SignedIn

REASON_MIN_CHARACTERS = 3
REASON_MAX_CHARACTERS = 500
SEALED = "sealed"


class ReasonRefusedError(ValueError):
    """The reason says nothing or too much; the person writes another."""

    def __init__(self) -> None:
        super().__init__(f"give a reason of {REASON_MIN_CHARACTERS} to {REASON_MAX_CHARACTERS} characters")


class ReasonMissingError(Exception):
    """The clip may be seen, but this session has not said why yet; the person gives a reason first."""

    def __init__(self) -> None:
        super().__init__("say first why you play this clip: give a reason on its page or POST it to its views")


class NotStoredError(Exception):
    """The clip is known but its bytes are not here (yet); there is nothing to play."""

    def __init__(self) -> None:
        super().__init__("the bytes of this clip are not in the store: it has not been sealed")


def checked_reason(text: str) -> str:
    """The reason without spaces around it. Raises ReasonRefusedError."""
    reason = " ".join(text.split())
    if not REASON_MIN_CHARACTERS <= len(reason) <= REASON_MAX_CHARACTERS:
        raise ReasonRefusedError
    return reason


def begin_view(db: Database, clip_id: str, *, reason: str, signed_in: SignedIn, rules: RuleSet, now_us: int) -> int:
    """Put on record why this session plays the clip; the index of the act. Said twice, it stays with the first.

    Raises NotVisibleError, NotPermittedError, ReasonRefusedError or NotStoredError.
    """
    reason = checked_reason(reason)
    signed_in.scope.require(Permission.PLAY_CLIPS)
    with db.writing() as session:
        visible_clip(session, clip_id, scope=signed_in.scope, rules=rules, known_us=now_us)
        clip = session.get(Clip, clip_id)
        if clip is None or clip.state != SEALED or clip.stored_path is None:
            raise NotStoredError
        given = session.get(ViewReason, (signed_in.token_sha256, clip_id))
        if given is not None:
            return given.act_index
        act = append_act(
            session,
            at_us=now_us,
            actor=signed_in.scope.account,
            verb="view",
            subject_kind="clip",
            subject_id=clip_id,
            data={"reason": reason},
        )
        session.add(
            ViewReason(token_sha256=signed_in.token_sha256, clip_id=clip_id, reason=reason, act_index=act.index)
        )
        return act.index


def file_to_play(
    db: Database, files: ClipFiles, clip_id: str, *, signed_in: SignedIn, rules: RuleSet, now_us: int
) -> Path:
    """The sealed file, once this session's reason is on record; asked anew for every Range request.

    Raises NotVisibleError, NotPermittedError, ReasonMissingError or NotStoredError.
    """
    signed_in.scope.require(Permission.PLAY_CLIPS)
    with db.reading() as session:
        visible_clip(session, clip_id, scope=signed_in.scope, rules=rules, known_us=now_us)
        if session.get(ViewReason, (signed_in.token_sha256, clip_id)) is None:
            raise ReasonMissingError
        clip = session.get(Clip, clip_id)
        if clip is None:
            raise NotVisibleError(kind="clip", number=clip_id)
        if clip.state != SEALED or clip.stored_path is None:
            raise NotStoredError
    path = files.path_of(clip.stored_path)
    if not path.is_file():
        raise NotStoredError
    return path


def reason_given(db: Database, clip_id: str, signed_in: SignedIn) -> str | None:
    """Why this session plays the clip, None where it has not said."""
    with db.reading() as session:
        given = session.get(ViewReason, (signed_in.token_sha256, clip_id))
        return None if given is None else given.reason
