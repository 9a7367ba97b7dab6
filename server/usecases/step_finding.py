"""A person takes the next step of a finding: explain, accept, reject, rectify."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.findings import FindingKind, FindingState, StepNotAllowedError, finding_id_of, next_states
from server.store.act_log import append_act
from server.store.tables import Finding, FindingStep, WrongBytes
from server.usecases.finding_reads import finding_views, visible_findings
from server.usecases.seal_clip import trust_again
from server.usecases.unassigned import checked_reason
from server.usecases.views import FindingView


def step_finding(
    session: Session, finding_id: str, *, state: str, reason: str, scope: Scope, now_us: int, seen: str | None = None
) -> FindingView:
    """The finding after the step, with its act, in the caller's writing transaction.

    `seen`: the state the person had before their eyes; where another has decided meanwhile, nothing is overruled.
    Raises NotVisibleError, NotPermittedError, ReasonMissingError, StepNotAllowedError.
    """
    scope.require(Permission.SEE_FINDINGS)
    row = session.scalars(
        select(Finding).where(Finding.finding_id == finding_id, visible_findings(scope))
    ).one_or_none()
    if row is None:
        raise NotVisibleError(kind="finding", number=finding_id)
    if seen not in (None, row.state) or state not in {after.value for after in next_states(row.kind, row.state, scope)}:
        raise StepNotAllowedError(finding_id=finding_id, state=row.state, wanted=state)
    text = checked_reason(reason)
    row.state = FindingState(state).value
    if row.kind == FindingKind.HASH_DIFFERS and row.state == FindingState.RECTIFIED:
        _take_bytes_again(session, row)
    row.changed_us = now_us
    session.add(
        FindingStep(
            finding_id=finding_id, state=row.state, at_us=now_us, by=scope.account, reason=text, facts_json="{}"
        )
    )
    append_act(
        session,
        at_us=now_us,
        actor=scope.account,
        verb=f"finding.{row.state}",
        subject_kind="finding",
        subject_id=finding_id,
        data={"reason": text},
    )
    session.flush()
    return finding_views(session, [row], scope=scope, known_us=now_us)[0]


def _take_bytes_again(session: Session, row: Finding) -> None:
    """Rectified means that the gateway may send the clip once more."""
    if row.clip_id is None:
        return
    for gateway_id in session.scalars(select(WrongBytes.gateway_id).where(WrongBytes.clip_id == row.clip_id)).all():
        if finding_id_of(FindingKind.HASH_DIFFERS, gateway_id, row.clip_id) == row.finding_id:
            trust_again(session, row.clip_id, gateway_id)
