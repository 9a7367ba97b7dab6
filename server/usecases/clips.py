"""Reading clips: a list, and one with everything known about it, within a scope."""

from __future__ import annotations

import json

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.device_facts import ClipFact
from server.domain.looks import not_looked_at
from server.domain.rules import RuleSet
from server.store.tables import Act, Clip, Finding
from server.usecases.clip_facts import clip_fact
from server.usecases.clip_list import ClipList
from server.usecases.clip_reads import clip_item, link_view, sighting_view, sightings_of
from server.usecases.clip_scope import ClipScope
from server.usecases.finding_reads import officer_names, visible_findings
from server.usecases.link_case import current_links
from server.usecases.pages import bounded, place_of, place_text
from server.usecases.standing import certificate_states, function_verdicts, judge_clip, trusted_part, usable_part
from server.usecases.view_changes import VIEW_KIND_OF
from server.usecases.views import ActView, ClipItem, ClipView, Page

MAX_ACTS = 200
MAX_SIGHTINGS = 20
"""An honest content is met once or twice; whoever tells of one for ever fills no page with it."""


def clips(
    session: Session,
    *,
    scope: Scope,
    rules: RuleSet,  # noqa: ARG001 - every list takes the same arguments
    known_us: int,
    device: str | None = None,
    state: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[ClipItem]:
    """Clips of the scope, the newest first. Raises NotPermittedError, BadPlaceError."""
    scope.require(Permission.SEE_CLIPS)
    clip_scope = ClipScope(session, scope, known_us=known_us)
    count = bounded(limit)
    listed = ClipList(session, clip_scope, known_us, device, state)
    shown = listed.read(place_of(after), count + 1)
    items = tuple(clip_item(clip, sighting, clip_scope, known_us=known_us) for clip, sighting in shown[:count])
    last = shown[count - 1][0] if len(shown) > count else None
    read_whole = not after and last is None
    total = len(items) if read_whole else listed.total()
    return Page(items, None if last is None else place_text(last.first_seen_us, last.clip_id), total)


def clip(session: Session, clip_id: str, *, scope: Scope, rules: RuleSet, known_us: int) -> ClipView:
    """One clip as on record at `known_us`. Raises NotVisibleError, NotPermittedError."""
    scope.require(Permission.SEE_CLIPS)
    clip_scope = ClipScope(session, scope, known_us=known_us)
    row = session.get(Clip, clip_id)
    every = sightings_of(session, clip_id, known_us=known_us)
    visible = [one for one in every if clip_scope.sees(one)]
    if row is None or not visible:
        raise NotVisibleError(kind="clip", number=clip_id)
    speaks = min(visible, key=lambda one: (one.applied_offset_us == 0, one.received_us, one.sighting_id))
    sightings = [one for one in visible[:MAX_SIGHTINGS] if one is not speaks] + [speaks]
    sightings = sorted(sightings[-MAX_SIGHTINGS:], key=lambda one: (one.received_us, one.sighting_id))
    item = clip_item(row, speaks, clip_scope, known_us=known_us)
    contested = clip_id not in clip_scope.said and len({one.device_number for one in every} - {None}) > 1
    fact = clip_fact(speaks, row, contested=contested, known_us=known_us, rules=rules)
    judged = judge_clip(session, fact, item.device_number, clip_scope, rules=rules, known_us=known_us)
    device = clip_scope.device(item.device_number, speaks.corrected_start_us)
    at_us = fact.received_us if fact.start_us is None else fact.start_us
    should_hear = device is None or device.kind in rules.words("hearing.expected", UtcMicros(at_us))
    at_seal_us = known_us if fact.sealed_us is None else fact.sealed_us
    names = officer_names(session, [item.officer_number], known_us=known_us)
    return ClipView(
        item=item,
        sha256=row.sha256,
        device_kind=None if device is None else device.kind,
        officer_name=names.get(item.officer_number or ""),
        wearers=judged.standing.wearers,
        sightings=tuple(sighting_view(one) for one in sightings),
        sightings_count=len(visible),
        recorded=fact.recorded,
        looks=fact.looks,
        view_unknown=not_looked_at(fact.looks.view, fact.recorded),
        sound_unknown=not_looked_at(fact.looks.sound, fact.recorded) if should_hear or fact.looks.sound else (),
        certificates_at_seal=certificate_states(function_verdicts(session, fact, device, known_us=at_seal_us)),
        certificates_now=certificate_states(judged.standing.functions),
        links=tuple(
            link_view(session, link)
            for link in current_links(session, known_us=known_us, clip_ids=[clip_id])
            if link.state != "gone"
        ),
        finding_ids=_finding_ids(session, fact, item.device_number, scope),
        acts=_acts(session, clip_id, known_us),
        trusted=trusted_part(judged),
        usable=usable_part(judged),
        receipt=row.receipt if fact.sealed_us is not None else None,
        manifests=tuple(one.manifest for one in sightings),
    )


def _finding_ids(session: Session, fact: ClipFact, device_number: str | None, scope: Scope) -> tuple[str, ...]:
    about: ColumnElement[bool] = Finding.clip_id == fact.clip_id
    kind = VIEW_KIND_OF.get(fact.looks.reference_state or "")
    if kind is not None and fact.start_us is not None:  # one finding of the monitor, not of the clip
        of_view = and_(Finding.kind == kind, Finding.device_number == device_number)
        about = or_(about, and_(of_view, Finding.from_us <= fact.start_us, Finding.until_us >= fact.start_us))
    query = select(Finding.finding_id).where(about, Finding.state != "withdrawn", visible_findings(scope))
    return tuple(session.scalars(query.order_by(Finding.opened_us, Finding.finding_id)))


def _acts(session: Session, clip_id: str, known_us: int) -> tuple[ActView, ...]:
    query = select(Act).where(Act.subject_kind == "clip", Act.subject_id == clip_id, Act.at_us <= known_us)
    acts: list[ActView] = []
    for act in session.scalars(query.order_by(Act.index.desc()).limit(MAX_ACTS)):
        reason = json.loads(act.data_json).get("reason")
        acts.append(
            ActView(
                index=act.index,
                at_us=UtcMicros(act.at_us),
                actor=act.actor,
                verb=act.verb,
                hash=act.hash,
                reason=None if reason is None else str(reason),
            )
        )
    return tuple(acts)
