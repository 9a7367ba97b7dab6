"""Findings of gateways: cloned, over a limit, bytes that differ from their hash, silence."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.rules import RuleSet
from server.store.tables import EventRow, Gateway
from server.usecases.find_duty import rule_names

EVENT_KINDS = {
    "gateway_cloned": FindingKind.GATEWAY_CLONED,
    "hash_differs": FindingKind.HASH_DIFFERS,
    "gateway_over_limit": FindingKind.GATEWAY_OVER_LIMIT,
}
GATEWAY_KINDS = frozenset({*EVENT_KINDS.values(), FindingKind.GATEWAY_SILENT})


def gateway_drafts(session: Session, *, rules: RuleSet, now_us: UtcMicros) -> list[FindingDraft]:
    """What is wrong with the gateways now."""
    gateways = {row.gateway_id: row for row in session.scalars(select(Gateway))}
    drafts = [
        _of_event(event, gateways) for event in session.scalars(select(EventRow).where(EventRow.code.in_(EVENT_KINDS)))
    ]
    limit_us = rules.duration_us("gateway.silent", now_us)
    for gateway in gateways.values():
        seen_us = gateway.last_seen_us
        if gateway.state == "active" and seen_us is not None and seen_us + limit_us < now_us:
            drafts.append(_silent(gateway, seen_us, rules, now_us))
    return drafts


def _of_event(event: EventRow, gateways: dict[str, Gateway]) -> FindingDraft:
    kind = EVENT_KINDS[event.code]
    detail = json.loads(event.detail_json)
    clip_id = detail.get("clip_id")
    gateway = gateways.get(event.gateway_id)
    place = str(clip_id or detail.get("installation_id", ""))
    if kind is FindingKind.GATEWAY_OVER_LIMIT:
        place = str(event.at_us)  # each time anew: what was rectified says nothing of the next flood
    return FindingDraft(
        finding_id=finding_id_of(kind, event.gateway_id, place),
        kind=kind,
        unit_number=None if gateway is None else gateway.unit_number,
        clip_id=clip_id,
        from_us=event.at_us,
        evidence=(
            ("gateway", event.gateway_id if gateway is None else gateway.name),
            *((str(code), str(text)) for code, text in sorted(detail.items())),
        ),
    )


def _silent(gateway: Gateway, seen_us: int, rules: RuleSet, now_us: UtcMicros) -> FindingDraft:
    kind = FindingKind.GATEWAY_SILENT
    return FindingDraft(
        finding_id=finding_id_of(kind, gateway.gateway_id, seen_us),
        kind=kind,
        unit_number=gateway.unit_number,
        from_us=seen_us,
        evidence=(("gateway", gateway.name),),
        rules=rule_names(rules.used(("gateway.silent",), now_us)),
    )
