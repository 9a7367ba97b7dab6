"""Findings of what was seen and heard: for a person to confirm, beside coverage and never out of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from server.domain.device_facts import ClipFact
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.looks import BandLimits, Spell, not_hearing, not_seeing
from server.domain.rules import RuleSet
from server.store.tables import Assignment, Device
from server.usecases.find_device import wearer_of
from server.usecases.find_duty import rule_names

SEEING_RULES = ("seeing.least", "seeing.confidence")
HEARING_RULES = ("hearing.least", "hearing.expected")


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
    """Named by its place in the file: a clock that is corrected later moves it, and makes no second one."""
    begin_us = spell.interval.start_us if clip.start_us is None else clip.start_us
    band = "view" if kind is FindingKind.NOT_SEEING else "sound"
    evidence = [("file", clip.file_name), (band, spell.state)]
    evidence.append(("length_s", f"{spell.lasting_us / MICROS_PER_SECOND:.0f}"))
    if spell.count > 1:
        evidence.append(("spells", str(spell.count)))
    if kind is FindingKind.NOT_SEEING:
        evidence.append(("confidence", f"{spell.confidence:.2f}"))
    return FindingDraft(
        finding_id=finding_id_of(kind, "clip", clip.clip_id, device.number, spell.interval.start_us - begin_us),
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
