"""What a person decided of a picture, a sound or a view outlasts a newer report that tells it otherwise, or not at all.

What a look found is a program's opinion. It may be withdrawn while nobody has looked; a person's word is not taken back
by the next program's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from server.domain.findings import BAND_KINDS, VIEW_KINDS, FindingDraft, FindingState
from server.store.recorded import known_rows
from server.store.tables import Finding, FootageAssignment

_DECIDED = (FindingState.ACCEPTED, FindingState.REJECTED)


def as_on_record(drafts: Iterable[FindingDraft], on_record: Sequence[Finding]) -> list[FindingDraft]:
    """The drafts; a spell that another look told with other ends goes by the name it has on record already."""
    drafts = list(drafts)
    taken = {draft.finding_id for draft in drafts}
    free = [row for row in on_record if row.kind in BAND_KINDS and row.state != FindingState.WITHDRAWN]
    named: list[FindingDraft] = []
    for draft in drafts:
        known = any(row.finding_id == draft.finding_id for row in free)
        same = None if known or draft.kind not in BAND_KINDS else _same_spell(draft, free, taken)
        if same is not None:
            taken.add(same.finding_id)
        named.append(draft if same is None else replace(draft, finding_id=same.finding_id))
    return named


def _same_spell(draft: FindingDraft, rows: Iterable[Finding], taken: set[str]) -> Finding | None:
    for row in rows:
        is_its = (row.kind, row.clip_id, row.device_number) == (draft.kind, draft.clip_id, draft.device_number)
        if is_its and row.finding_id not in taken and _overlap(row, draft):
            return row
    return None


def _overlap(row: Finding, draft: FindingDraft) -> bool:
    bounds = (row.from_us, row.until_us, draft.from_us, draft.until_us)
    if any(bound is None for bound in bounds):
        return False
    from_us, until_us, draft_from_us, draft_until_us = (bound or 0 for bound in bounds)
    return from_us < draft_until_us and draft_from_us < until_us


def without_decided(
    session: Session, drafts: Iterable[FindingDraft], on_record: Iterable[Finding], *, now_us: int
) -> list[Finding]:
    """The findings on record without those that stay because a person decided them, though nothing tells them now.

    One about a clip that a person has given to another device since is not among those: it was about the wrong camera.
    """
    rows, told = list(on_record), {draft.finding_id for draft in drafts}
    stays = {
        row.finding_id: row.clip_id or _clip_named(row)
        for row in rows
        if row.kind in BAND_KINDS | VIEW_KINDS and row.state in _DECIDED and row.finding_id not in told
    }
    if not stays:
        return rows
    given = known_rows(session, FootageAssignment, known_us=now_us, number=set(stays.values()) - {None})
    device_of = {row.number: row.device_number for row in given}
    return [
        row
        for row in rows
        if row.finding_id not in stays
        or device_of.get(stays[row.finding_id] or "", row.device_number) != row.device_number
    ]


def _clip_named(row: Finding) -> str | None:
    return next((str(value) for name, value in json.loads(row.evidence_json) if name == "clip"), None)
