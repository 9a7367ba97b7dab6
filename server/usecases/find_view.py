"""Findings of what was seen and heard: for a person to confirm, beside coverage and never out of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edge.contract.inspection import ReferenceState
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from server.domain.device_facts import ClipFact
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.looks import BandLimits, Spell, not_hearing, not_seeing
from server.domain.rules import RuleSet
from server.store.tables import Assignment, Device, Finding, FindingStep, SightingRow
from server.usecases.find_device import wearer_of
from server.usecases.find_duty import rule_names

SEEING_RULES = ("seeing.least", "seeing.confidence")
HEARING_RULES = ("hearing.least", "hearing.expected")
_KINDS = {ReferenceState.MOVED: FindingKind.VIEW_MOVED, ReferenceState.BLOCKED: FindingKind.VIEW_BLOCKED}


def band_drafts(
    device: Device, clips: Iterable[ClipFact], held: Sequence[Assignment], rules: RuleSet
) -> list[FindingDraft]:
    """Spells of these clips in which the picture shows nothing, or the sound is missing."""
    drafts: list[FindingDraft] = []
    for clip in clips:
        if not (clip.looks.view or clip.looks.sound):
            continue
        at_us = UtcMicros(clip.start_us if clip.start_us is not None else clip.received_us)
        seeing = BandLimits(rules.duration_us("seeing.least", at_us), rules.number("seeing.confidence", at_us))
        hearing = BandLimits(rules.duration_us("hearing.least", at_us), 0.0)
        hears = device.kind in rules.words("hearing.expected", at_us)
        found = [
            (FindingKind.NOT_SEEING, SEEING_RULES, not_seeing(clip.looks, seeing, is_monitor=device.kind == "monitor")),
            (FindingKind.NOT_HEARING, HEARING_RULES, not_hearing(clip.looks, hearing, should_hear=hears)),
        ]
        for kind, keys, spells in found:
            named = rule_names(rules.used(keys, at_us))
            drafts += [_of_spell(device, clip, held, kind, spell, named) for spell in spells]
    return drafts


def _of_spell(
    device: Device,
    clip: ClipFact,
    held: Sequence[Assignment],
    kind: FindingKind,
    spell: Spell,
    rules: tuple[tuple[str, str], ...],
) -> FindingDraft:
    band = "view" if kind is FindingKind.NOT_SEEING else "sound"
    evidence = [("file", clip.file_name), (band, spell.state)]
    evidence.append(("length_s", f"{spell.interval.duration_us / MICROS_PER_SECOND:.0f}"))
    if kind is FindingKind.NOT_SEEING:
        evidence.append(("confidence", f"{spell.confidence:.2f}"))
    return FindingDraft(
        finding_id=finding_id_of(kind, "clip", clip.clip_id, device.number, spell.interval.start_us),
        kind=kind,
        unit_number=device.unit_number,
        officer_number=wearer_of(clip, held),
        device_number=device.number,
        clip_id=clip.clip_id,
        from_us=spell.interval.start_us,
        until_us=spell.interval.end_us,
        evidence=tuple(evidence),
        rules=rules,
    )


@dataclass(frozen=True, slots=True)
class _Episode:
    """Clips of a monitor in one changed state with none between them that was as commissioned.

    `since_us`: when the last clip before them began that was; so a clip that comes late changes no episode's name.
    """

    since_us: int
    from_us: int
    until_us: int
    clips: int
    first_clip: str


def view_drafts(session: Session, device: Device, *, now_us: int) -> list[FindingDraft]:
    """One finding for as long as a monitor's view stays changed, from its first such clip to the last one."""
    drafts: list[FindingDraft] = []
    for state, kind in _KINDS.items():
        drafts += [
            FindingDraft(
                finding_id=finding_id_of(kind, "device", device.number, episode.since_us),
                kind=kind,
                unit_number=device.unit_number,
                device_number=device.number,
                from_us=episode.from_us,
                until_us=episode.until_us,
                evidence=(("clips", str(episode.clips)), ("clip", episode.first_clip)),
            )
            for episode in _episodes(session, device.number, state, now_us)
        ]
    return drafts


def _episodes(session: Session, device_number: str, state: str, now_us: int) -> list[_Episode]:
    """Clips in the state, told apart by the clip that was as commissioned before them."""
    row, earlier = SightingRow, SightingRow.__table__.alias("earlier")
    before = (
        select(func.max(earlier.c.corrected_start_us))
        .where(
            earlier.c.device_number == device_number,
            earlier.c.reference_state == ReferenceState.OK,
            earlier.c.corrected_start_us < row.corrected_start_us,
            earlier.c.received_us <= now_us,
        )
        .scalar_subquery()
    )
    query = (
        select(
            before.label("before"),
            func.min(row.corrected_start_us),
            func.max(func.coalesce(row.corrected_end_us, row.corrected_start_us)),
            func.count(row.clip_id.distinct()),
        )
        .where(
            row.device_number == device_number,
            row.reference_state == state,
            row.corrected_start_us.is_not(None),
            row.received_us <= now_us,
        )
        .group_by("before")
        .order_by(func.min(row.corrected_start_us))
    )
    episodes: list[_Episode] = []
    for since_us, from_us, until_us, clips in session.execute(query):
        first = (
            select(row.clip_id)
            .where(row.device_number == device_number, row.reference_state == state, row.corrected_start_us == from_us)
            .order_by(row.clip_id)
            .limit(1)
        )
        episodes.append(_Episode(since_us or 0, from_us, until_us, clips, session.scalars(first).one()))
    return episodes


def said_of_view(session: Session, device_number: str, at_us: int, *, known_us: int) -> str | None:
    """The last step a person or the system took on a changed view of the device at that time; None where none."""
    query = (
        select(FindingStep.state)
        .join(Finding, Finding.finding_id == FindingStep.finding_id)
        .where(
            Finding.device_number == device_number,
            Finding.kind.in_(sorted(_KINDS.values())),
            Finding.from_us <= at_us,
            Finding.until_us >= at_us,
            FindingStep.at_us <= known_us,
        )
        .order_by(FindingStep.row_id.desc())
        .limit(1)
    )
    return session.scalars(query).first()
