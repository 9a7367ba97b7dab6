"""Reading findings: a list by age and kind, and one with its steps."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.rules import RuleSet
from server.store.tables import Finding
from server.usecases.finding_reads import finding_views, visible_findings
from server.usecases.pages import bounded, place_of, place_text
from server.usecases.views import FindingView, Page


def findings(
    session: Session,
    *,
    scope: Scope,
    rules: RuleSet,  # noqa: ARG001 - every list takes the same arguments
    now_us: int,
    kind: str | Collection[str] | None = None,
    state: str | None = None,
    device: str | None = None,
    officer: str | None = None,
    oldest_first: bool = False,
    limit: int = 50,
    after: str | None = None,
) -> Page[FindingView]:
    """Findings within the scope, the newest or the oldest first; `kind` may be several.

    Raises NotPermittedError, BadPlaceError.
    """
    scope.require(Permission.SEE_FINDINGS)
    wanted = visible_findings(scope)
    for column, value in (
        (Finding.kind, kind),
        (Finding.state, state),
        (Finding.device_number, device),
        (Finding.officer_number, officer),
    ):
        if value is not None:
            wanted = and_(wanted, column == value if isinstance(value, str) else column.in_(sorted(value)))
    total = session.scalar(select(func.count()).select_from(Finding).where(wanted)) or 0
    place = place_of(after)
    if place is not None:
        opened_us, finding_id = place
        beyond = Finding.opened_us > opened_us if oldest_first else Finding.opened_us < opened_us
        wanted = and_(wanted, beyond | ((Finding.opened_us == opened_us) & (Finding.finding_id > finding_id)))
    count = bounded(limit)
    age = Finding.opened_us.asc() if oldest_first else Finding.opened_us.desc()
    rows = session.scalars(select(Finding).where(wanted).order_by(age, Finding.finding_id).limit(count + 1)).all()
    shown = rows[:count]
    next_after = place_text(shown[-1].opened_us, shown[-1].finding_id) if len(rows) > count else None
    return Page(tuple(finding_views(session, shown, scope=scope, known_us=now_us)), next_after, total)


def finding(session: Session, finding_id: str, *, scope: Scope, now_us: int = 2**62) -> FindingView:
    """One finding. Raises NotVisibleError, NotPermittedError."""
    scope.require(Permission.SEE_FINDINGS)
    row = session.scalars(
        select(Finding).where(Finding.finding_id == finding_id, visible_findings(scope))
    ).one_or_none()
    if row is None:
        raise NotVisibleError(kind="finding", number=finding_id)
    return finding_views(session, [row], scope=scope, known_us=now_us)[0]
