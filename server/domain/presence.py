"""Is it one gateway, or two under one id? Told apart by boot ids that both keep speaking. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

OVERLAP_S = 15.0
"""A boot that still speaks this long after another's hello is alive, not a message that was late."""
SILENCE_S = 120.0
"""After this long without a word the accepted boot counts as gone, and another is listened to again."""

_MOST_REFUSED = 16
"""Two machines have one boot each; whoever invents boots is forgotten some and found again."""


class Word(StrEnum):
    """What a live word of a gateway means."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    CLONE_FOUND = "clone_found"
    """Two are alive: the one that came second is refused from now on. This word is the first one's and counts."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Who was accepted, when it last spoke, who came after it and when, and who is refused."""

    boot_id: str
    spoke_s: float
    before: str | None = None
    came_s: float = 0.0
    refused: frozenset[str] = frozenset()


def hear(presence: Presence | None, boot_id: str, *, is_hello: bool, now_s: float) -> tuple[Presence, Word]:
    """The next state, and what to do with a word that only a live gateway says (hello, offer, status, holding)."""
    if presence is None:
        return Presence(boot_id, now_s), Word.ACCEPTED
    if boot_id == presence.boot_id:
        return replace(presence, spoke_s=now_s), Word.ACCEPTED
    if boot_id == presence.before and boot_id not in presence.refused:
        if now_s - presence.came_s <= OVERLAP_S and not is_hello:
            return presence, Word.ACCEPTED  # sent before it was restarted
        known = presence.refused if len(presence.refused) < _MOST_REFUSED else frozenset[str]()
        refused = known | {presence.boot_id}
        return Presence(boot_id, now_s, refused=refused), Word.CLONE_FOUND
    if boot_id in presence.refused and now_s - presence.spoke_s < SILENCE_S:
        return presence, Word.REFUSED
    if is_hello:
        refused = presence.refused - {boot_id}
        return Presence(boot_id, now_s, before=presence.boot_id, came_s=now_s, refused=refused), Word.ACCEPTED
    return presence, Word.ACCEPTED
