"""A person confirms or rejects a link, or takes that back."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.links import LinkState
from server.domain.rules import RuleSet
from server.store.act_log import append_act
from server.store.tables import LinkRow
from server.usecases.cases import visible_case
from server.usecases.clip_reads import link_view, sightings_of
from server.usecases.clip_scope import ClipScope
from server.usecases.link_case import current_links, proposals
from server.usecases.unassigned import checked_reason
from server.usecases.views import LinkView

BY_PERSONS = frozenset({LinkState.CONFIRMED, LinkState.REJECTED, LinkState.PROPOSED})


class LinkStateError(ValueError):
    """A person can only confirm, reject, or take back to proposed."""

    def __init__(self, *, state: str) -> None:
        super().__init__("a link can be confirmed, rejected, or taken back to proposed")
        self.state = state


def decide_link(
    session: Session,
    case_number: str,
    clip_id: str,
    *,
    state: str,
    reason: str,
    scope: Scope,
    rules: RuleSet,
    now_us: int,
) -> LinkView:
    """The decided link, with its act, in the caller's writing transaction. A link the system did not see may be made.

    Raises NotVisibleError for a case or clip outside the scope, NotPermittedError, ReasonMissingError, LinkStateError.
    """
    scope.require(Permission.DECIDE_LINKS)
    text = checked_reason(reason)
    if state not in BY_PERSONS:
        raise LinkStateError(state=state)
    case = visible_case(session, case_number, scope, known_us=now_us)
    clip_scope = ClipScope(session, scope, known_us=now_us)
    if not any(clip_scope.sees(row) for row in sightings_of(session, clip_id, known_us=now_us)):
        raise NotVisibleError(kind="clip", number=clip_id)
    found = [
        row for row in current_links(session, known_us=now_us, case_numbers=[case_number]) if row.clip_id == clip_id
    ]
    old = found[-1] if found else None
    proposed = next(
        (one for one in proposals(session, case, rules=rules, known_us=now_us) if one.clip_id == clip_id), None
    )
    row = LinkRow(
        case_number=case_number,
        clip_id=clip_id,
        state=state,
        score=0.0 if proposed is None else proposed.score,
        reasons_json=json.dumps([] if proposed is None else [one.value for one in proposed.reasons]),
        decided_by=scope.account,
        recorded_us=now_us,
        replaces=None if old is None else old.row_id,
    )
    session.add(row)
    session.flush()
    append_act(
        session,
        at_us=now_us,
        actor=scope.account,
        verb=f"link.{state}",
        subject_kind="clip",
        subject_id=clip_id,
        data={"case": case_number, "reason": text},
    )
    return link_view(session, row)
