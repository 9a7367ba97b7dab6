"""What must be judged again because its facts changed, and about which times."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edge.contract.instants import EARLIEST_US, LATEST_US, UtcMicros
from edge.contract.intervals import TimeInterval, union
from server.store.tables import ToJudge

DUE = "_due"
"""Ends the kind of a subject that is judged again at a time, not because of a fact."""
Windows = Sequence[TimeInterval] | None
"""The times a change is about. None: all times. None of them, (): only what is judged as a whole each time."""
Subject = tuple[str, str, Windows]
"""(kind, number, windows) of what must be judged again."""
ALL_TIMES = TimeInterval(UtcMicros(EARLIEST_US), UtcMicros(LATEST_US))
MOST_WINDOWS = 12


def mark(session: Session, kind: str, number: str, now_us: int, windows: Windows = None) -> None:
    """Judge device, officer, case, duty, site or `all` again, in the transaction that changed the facts.

    A subject that waits already gets the later time: whoever judged it before this instant must not unmark it.
    """
    row = session.scalars(
        select(ToJudge).where(ToJudge.subject_kind == kind, ToJudge.subject_number == number)
    ).one_or_none()
    _put(session, row, kind, number, now_us, windows)
    session.flush()


def mark_all(session: Session, subjects: Iterable[Subject], now_us: int) -> None:
    """The same for many subjects in few statements: an import may bring tens of thousands."""
    wanted: dict[tuple[str, str], Windows] = {}
    for kind, number, windows in subjects:
        at = (kind, number)
        wanted[at] = _joined(wanted[at], windows) if at in wanted else windows
    known = {
        (row.subject_kind, row.subject_number): row
        for row in session.scalars(
            select(ToJudge).where(ToJudge.subject_kind.in_(sorted({kind for kind, _ in wanted})))
        )
    }
    for (kind, number), windows in sorted(wanted.items(), key=lambda item: item[0]):
        _put(session, known.get((kind, number)), kind, number, now_us, windows)
    session.flush()


def windows_of(row: ToJudge) -> list[TimeInterval]:
    """The times that a mark is about, in order; one for all times where it names none."""
    if row.windows_json is None:
        return [ALL_TIMES]
    return [TimeInterval(UtcMicros(start), UtcMicros(end)) for start, end in json.loads(row.windows_json)]


def waiting(session: Session, *, limit: int = 200) -> list[ToJudge]:
    """What waits because its facts changed, the longest first."""
    facts = ~ToJudge.subject_kind.endswith(DUE, autoescape=True)
    return list(session.scalars(select(ToJudge).where(facts).order_by(ToJudge.row_id).limit(limit)))


def mark_due(session: Session, kind: str, number: str, due_us: int, windows: Windows = ()) -> None:
    """Judge device or duty again at `due_us`, even if nothing arrives; the latest word counts."""
    row = session.scalars(
        select(ToJudge).where(ToJudge.subject_kind == kind + DUE, ToJudge.subject_number == number)
    ).one_or_none()
    if row is None:
        row = ToJudge(subject_kind=kind + DUE, subject_number=number, since_us=due_us, windows_json=_text(windows))
        session.add(row)
    else:
        row.since_us, row.windows_json = due_us, _text(windows)
    session.flush()


def windows_put_off(session: Session, kind: str, number: str) -> list[TimeInterval]:
    """The times that a judgement which failed still owes; whoever judges the subject meanwhile takes them along."""
    row = session.scalars(
        select(ToJudge).where(ToJudge.subject_kind == kind + DUE, ToJudge.subject_number == number)
    ).one_or_none()
    return [] if row is None else windows_of(row)


def put_off(session: Session, row: ToJudge, until_us: int) -> None:
    """Judge what failed again later, with its times, so that what waits behind it is judged now."""
    kind = row.subject_kind.removesuffix(DUE)
    waits = session.scalars(
        select(ToJudge).where(ToJudge.subject_kind == kind + DUE, ToJudge.subject_number == row.subject_number)
    ).one_or_none()
    windows: Windows = None if row.windows_json is None else windows_of(row)
    if waits is not None and waits.row_id != row.row_id:
        windows = _joined(windows, None if waits.windows_json is None else windows_of(waits))
    mark_due(session, kind, row.subject_number, until_us, windows)
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


def few(windows: Iterable[TimeInterval]) -> list[TimeInterval]:
    """The windows disjoint and in order, at most MOST_WINDOWS: beyond that the nearest two become one."""
    merged = union(windows)
    while len(merged) > MOST_WINDOWS:
        nearest = min(range(len(merged) - 1), key=lambda at: merged[at + 1].start_us - merged[at].end_us)
        merged[nearest : nearest + 2] = [TimeInterval(merged[nearest].start_us, merged[nearest + 1].end_us)]
    return merged


def _put(session: Session, row: ToJudge | None, kind: str, number: str, now_us: int, windows: Windows) -> None:
    if row is None:
        session.add(ToJudge(subject_kind=kind, subject_number=number, since_us=now_us, windows_json=_text(windows)))
        return
    row.since_us = max(row.since_us + 1, now_us)
    row.windows_json = _text(_joined(None if row.windows_json is None else windows_of(row), windows))


def _joined(one: Windows, other: Windows) -> Windows:
    return None if one is None or other is None else few([*one, *other])


def _text(windows: Windows) -> str | None:
    return None if windows is None else json.dumps([[one.start_us, one.end_us] for one in few(windows)])
