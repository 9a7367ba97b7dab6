"""What must be judged again because its facts changed."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.store.tables import ToJudge

DUE = "_due"
"""Ends the kind of a subject that is judged again at a time, not because of a fact."""


def mark(session: Session, kind: str, number: str, now_us: int) -> None:
    """Judge device, officer, case, duty or `all` again, in the transaction that changed the facts.

    A subject that waits already gets the later time: whoever judged it before this instant must not unmark it.
    """
    row = session.scalars(
        select(ToJudge).where(ToJudge.subject_kind == kind, ToJudge.subject_number == number)
    ).one_or_none()
    if row is None:
        session.add(ToJudge(subject_kind=kind, subject_number=number, since_us=now_us))
    else:
        row.since_us = max(row.since_us + 1, now_us)
    session.flush()


def mark_all(session: Session, subjects: Iterable[tuple[str, str]], now_us: int) -> None:
    """The same for many subjects (kind, number) in few statements: an import may bring tens of thousands."""
    wanted = set(subjects)
    known = {
        (row.subject_kind, row.subject_number): row
        for row in session.scalars(
            select(ToJudge).where(ToJudge.subject_kind.in_(sorted({kind for kind, _ in wanted})))
        )
    }
    for kind, number in sorted(wanted):
        row = known.get((kind, number))
        if row is None:
            session.add(ToJudge(subject_kind=kind, subject_number=number, since_us=now_us))
        else:
            row.since_us = max(row.since_us + 1, now_us)
    session.flush()


def waiting(session: Session, *, limit: int = 200) -> list[ToJudge]:
    """What waits because its facts changed, the longest first."""
    facts = ~ToJudge.subject_kind.endswith(DUE, autoescape=True)
    return list(session.scalars(select(ToJudge).where(facts).order_by(ToJudge.row_id).limit(limit)))


def mark_due(session: Session, kind: str, number: str, due_us: int) -> None:
    """Judge device or duty again at `due_us`, even if nothing arrives; the latest word counts."""
    row = session.scalars(
        select(ToJudge).where(ToJudge.subject_kind == kind + DUE, ToJudge.subject_number == number)
    ).one_or_none()
    if row is None:
        session.add(ToJudge(subject_kind=kind + DUE, subject_number=number, since_us=due_us))
    else:
        row.since_us = due_us
    session.flush()


def put_off(session: Session, row: ToJudge, until_us: int) -> None:
    """Judge what failed again later, so that what waits behind it is judged now."""
    mark_due(session, row.subject_kind.removesuffix(DUE), row.subject_number, until_us)
    if not row.subject_kind.endswith(DUE):
        unmark(session, [row])


def due(session: Session, now_us: int, *, limit: int = 200) -> list[ToJudge]:
    """What time alone has made due, the longest first."""
    by_time = ToJudge.subject_kind.endswith(DUE, autoescape=True) & (ToJudge.since_us <= now_us)
    return list(session.scalars(select(ToJudge).where(by_time).order_by(ToJudge.since_us).limit(limit)))


def unmark(session: Session, judged: Iterable[ToJudge]) -> None:
    """Take off what was judged, unless it was marked again since it was read."""
    for row in judged:
        session.execute(delete(ToJudge).where(ToJudge.row_id == row.row_id, ToJudge.since_us == row.since_us))
