"""What the public may know of a site, and whether enforcement there had been announced in time."""

from __future__ import annotations

from enum import StrEnum

from edge.contract.instants import UtcMicros
from server.domain.rules import RuleSet


class Stage(StrEnum):
    """The life of a site."""

    PROPOSED = "proposed"
    REVIEWED = "reviewed"
    ANNOUNCED = "announced"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"


PUBLIC_STAGES = frozenset({Stage.ANNOUNCED, Stage.ACTIVE, Stage.SUSPENDED, Stage.RETIRED})


class NotPublicError(Exception):
    """Absent, or not announced: both look the same."""

    def __init__(self, *, site_number: str) -> None:
        super().__init__("no site of this number is announced")
        self.site_number = site_number


class PublicationVerdict(StrEnum):
    """Whether a record of this moment may rest on the site's publication."""

    PUBLISHED = "published"
    NOT_PUBLISHED = "not_published"
    NOT_ENFORCED_YET = "not_enforced_yet"
    NOTICE_TOO_SHORT = "notice_too_short"
    SUSPENDED = "suspended"


def is_public(stage: str) -> bool:
    """Whether a site of this stage is in the public list. An unknown stage is not."""
    return stage in {public.value for public in PUBLIC_STAGES}


def notice_too_short(*, notice_us: int | None, enforce_us: int | None, rules: RuleSet) -> bool:
    """Whether enforcement begins before the notice period has run. Source: rule site.notice_period."""
    if enforce_us is None:
        return False
    if notice_us is None:
        return True
    return enforce_us < notice_us + rules.duration_us("site.notice_period", UtcMicros(notice_us))


def publication_verdict(
    stage: str, *, notice_us: int | None, enforce_us: int | None, at_us: UtcMicros, rules: RuleSet
) -> PublicationVerdict:
    """Whether the site was published, and enforced, at that moment. Source: Administrative Penalty Law art. 41."""
    if not is_public(stage) or notice_us is None or at_us < notice_us:
        return PublicationVerdict.NOT_PUBLISHED
    if stage in (Stage.SUSPENDED, Stage.RETIRED):
        return PublicationVerdict.SUSPENDED
    if enforce_us is None or at_us < enforce_us:
        return PublicationVerdict.NOT_ENFORCED_YET
    if notice_too_short(notice_us=notice_us, enforce_us=enforce_us, rules=rules):
        return PublicationVerdict.NOTICE_TOO_SHORT
    return PublicationVerdict.PUBLISHED
