"""Lists as tables for download: every entry of the scope, in the columns the page shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from edge.contract.instants import UtcMicros, rfc3339
from server.usecases.views import CaseWithoutFootage, FindingView, Page, SiteView, UnassignedClip

Item = TypeVar("Item")
EXPORT_STEP = 500
EXPORT_MAX = 100_000

FINDING_COLUMNS = (
    "finding_id",
    "kind",
    "cause",
    "state",
    "unit",
    "officer",
    "device",
    "duty",
    "clip",
    "from",
    "until",
    "opened",
    "changed",
)
CASE_COLUMNS = ("number", "kind", "unit", "officer", "occurred", "place", "plate", "proposed_links", "recorder_did")
UNASSIGNED_COLUMNS = ("clip_id", "why", "file_name", "path", "gateway", "device", "start", "size_bytes", "first_seen")
SITE_COLUMNS = (
    "number",
    "kind",
    "road",
    "direction",
    "stake",
    "district",
    "longitude_deg",
    "latitude_deg",
    "stage",
    "unit",
    "notice",
    "enforcement",
    "verified_until",
    "devices",
)


def all_of(page_after: Callable[[str | None], Page[Item]]) -> Iterator[Item]:
    """Every entry of a list that comes page by page, up to a bound that no department's list reaches."""
    after: str | None = None
    given = 0
    while given < EXPORT_MAX:
        page = page_after(after)
        yield from page.items
        given += len(page.items)
        if page.next_after is None:
            return
        after = page.next_after


def finding_row(finding: FindingView) -> list[object]:
    """In the order of `FINDING_COLUMNS`."""
    return [
        finding.finding_id,
        finding.kind,
        finding.cause,
        finding.state,
        finding.unit_number,
        finding.officer_number,
        finding.device_number,
        finding.duty_number,
        finding.clip_id,
        _instant(finding.from_us),
        _instant(finding.until_us),
        _instant(finding.opened_us),
        _instant(finding.changed_us),
    ]


def case_row(case: CaseWithoutFootage) -> list[object]:
    """In the order of `CASE_COLUMNS`."""
    item = case.item
    did = ";".join(
        f"{rfc3339(interval.start_us)}/{rfc3339(interval.end_us)} {state}" for interval, state in case.stretches
    )
    return [
        item.number,
        item.kind,
        item.unit_number,
        item.officer_number,
        _instant(item.occurred_us),
        item.place,
        item.plate,
        len(case.candidates),
        did,
    ]


def unassigned_row(clip: UnassignedClip) -> list[object]:
    """In the order of `UNASSIGNED_COLUMNS`."""
    item = clip.item
    return [
        item.clip_id,
        clip.why,
        item.file_name,
        clip.path,
        clip.gateway_id,
        item.device_number,
        None if item.interval is None else rfc3339(item.interval.start_us),
        item.size_bytes,
        _instant(item.first_seen_us),
    ]


def site_row(site: SiteView) -> list[object]:
    """In the order of `SITE_COLUMNS`."""
    return [
        site.number,
        site.kind,
        site.road,
        site.direction,
        site.stake,
        site.district,
        site.longitude_deg,
        site.latitude_deg,
        site.stage,
        site.unit_number,
        _instant(site.notice_us),
        _instant(site.enforce_us),
        _instant(site.verified_until_us),
        "+".join(installation.device_number for installation in site.installations),
    ]


def _instant(instant_us: UtcMicros | None) -> str | None:
    return None if instant_us is None else rfc3339(instant_us)
