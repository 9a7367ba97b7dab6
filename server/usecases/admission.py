"""Whether a gateway may add one more record: asked where it is made, so that saying a thing again costs nothing."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.store.tables import Clip

_NOT_SEALED = ("announced", "offered", "receiving", "quarantined")
"""The states of `receive_sighting` but `sealed`; named one by one, so that the index finds them whatever is sealed."""


class Admit(Protocol):
    """Called in the transaction of what would be kept; raises OverLimitError, and then nothing of it is."""

    def __call__(self, session: Session, size_bytes: int, *, is_new_clip: bool = False) -> None: ...


def admit_all(session: Session, size_bytes: int, *, is_new_clip: bool = False) -> None:
    """For what no gateway says."""
    del session, size_bytes, is_new_clip


def waiting_clips(session: Session, gateway_id: str) -> int:
    """Clips that the gateway announced, or last sent, and that are not sealed."""
    query = select(func.count()).where(Clip.gateway_id == gateway_id, Clip.state.in_(_NOT_SEALED))
    return session.scalar(query) or 0
