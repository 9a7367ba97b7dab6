"""The append-only chain of acts: written inside the transaction of what it records, never changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.domain.acts import BEFORE_FIRST, FIRST_INDEX, ActForm, canonical_json, check_chain
from server.store.tables import Act


def append_act(
    session: Session,
    *,
    at_us: int,
    actor: str,
    verb: str,
    subject_kind: str,
    subject_id: str,
    data: Mapping[str, Any],
) -> Act:
    """One act in the caller's writing transaction; it stands exactly when that transaction does.

    `actor` is an account, `gateway:<id>` or `system`. `data` must be JSON without NaN.
    """
    index, previous_hash = latest_act(session) or (FIRST_INDEX - 1, BEFORE_FIRST)
    form = ActForm(index + 1, at_us, actor, verb, subject_kind, subject_id, canonical_json(dict(data)), previous_hash)
    act = Act(
        index=form.index,
        at_us=form.at_us,
        actor=form.actor,
        verb=form.verb,
        subject_kind=form.subject_kind,
        subject_id=form.subject_id,
        data_json=form.data_json,
        previous_hash=form.previous_hash,
        hash=form.hash,
    )
    session.add(act)
    session.flush()
    return act


def latest_act(session: Session) -> tuple[int, str] | None:
    """(index, hash) of the newest act, None before the first."""
    row = session.execute(select(Act.index, Act.hash).order_by(Act.index.desc()).limit(1)).one_or_none()
    return None if row is None else (row[0], row[1])


def verify_acts(session: Session, *, last: int | None = None) -> int:
    """How many acts stand, once every link holds; only the `last` ones where given. Raises ChainBrokenError."""
    newest = latest_act(session)
    if newest is None:
        return 0
    start = FIRST_INDEX if last is None else max(FIRST_INDEX, newest[0] - last + 1)
    before = session.execute(select(Act.index, Act.hash).where(Act.index == start - 1)).one_or_none()
    check_chain(_forms(session, start), after=None if before is None else (before[0], before[1]))
    return newest[0] - start + 1


def _forms(session: Session, start: int) -> Iterator[tuple[ActForm, str]]:
    for act in session.scalars(select(Act).where(Act.index >= start).order_by(Act.index)).yield_per(1000):
        form = ActForm(
            act.index,
            act.at_us,
            act.actor,
            act.verb,
            act.subject_kind,
            act.subject_id,
            act.data_json,
            act.previous_hash,
        )
        yield form, act.hash
