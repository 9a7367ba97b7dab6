"""A person says that a case needs no footage, and why."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from server.domain.access import Permission, Scope
from server.store.act_log import append_act
from server.store.recorded import replace
from server.store.tables import Case
from server.usecases.cases import visible_case
from server.usecases.unassigned import checked_reason

_NOT_COPIED = frozenset({"row_id", "recorded_us", "recorded_by", "replaces", "exempt_reason"})


def exempt_case(session: Session, number: str, *, reason: str, scope: Scope, now_us: int) -> None:
    """Record the exemption with its act, in the caller's writing transaction.

    Raises NotVisibleError, NotPermittedError, ReasonMissingError.
    """
    scope.require(Permission.EXEMPT_CASES)
    text = checked_reason(reason)
    old = visible_case(session, number, scope, known_us=now_us)
    kept = {
        attribute.key: getattr(old, attribute.key)
        for attribute in inspect(Case).column_attrs
        if attribute.key not in _NOT_COPIED
    }
    new = Case(**kept, exempt_reason=text, recorded_us=now_us, recorded_by=scope.account, replaces=None)
    replace(session, old, new)
    append_act(
        session,
        at_us=now_us,
        actor=scope.account,
        verb="case.exempted",
        subject_kind="case",
        subject_id=number,
        data={"reason": text},
    )
