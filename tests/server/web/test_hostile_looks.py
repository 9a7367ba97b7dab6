"""A gateway with good keys that tells nonsense of picture and sound: pages stay short, whole, and claim nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from edge.contract.inspection import Fault, FileVerdict, ReferenceCheck, SoundStretch, ViewStretch
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import Capture, Manifest, Sighting, StartSource, sign_manifest
from edge.platform.signing import SigningKey
from server.store.tables import Finding, FindingStep, Gateway
from server.usecases.judge import judge_pending
from server.usecases.receive_sighting import record_sighting
from tests.server.seed import Seeded, local
from tests.server.seed_registers import ACCOUNTS, DAY, GATEWAY_A, NOW_US

EVIL = "<script>alert(1)</script>\u202e\u200b\x00{span}%(x)s"
ROLES = sorted(ACCOUNTS)
Enter = Callable[[str], TestClient]


def tell(department: Seeded, device: str | None, *, content: bytes = b"evil", number: int = 1, **looks: Any) -> str:
    """The gateway of unit A tells this of an hour of that device; its id, judged."""
    key = SigningKey.generate()
    span = TimeInterval(local("06:00:00"), local("07:00:00"))
    known = {"verdict": FileVerdict.WHOLE, "media_us": span.duration_us} | looks
    manifest = Manifest.model_validate(
        {
            "gateway_id": GATEWAY_A,
            "key_id": key.key_id,
            "boot_id": "boot-0000evil",
            "counter": number,
            "size_bytes": len(content),
            "sha256": f"{content.hex():0>64}",
            "sighting": Sighting(
                sighting_id=f"sight-evil{number:08d}",
                device=device,
                file_name="evil.mp4",
                path="evil.mp4",
                source="dock",
                docking_id="dock-a100000",
                landed=local("14:00:00"),
                modified=local("13:30:00"),
            ),
            "capture": Capture(
                start=span.start_us,
                start_source=StartSource.NAME,
                uncertainty_us=1,
                time_zone="Asia/Shanghai",
                recorded=(span,),
            ),
            "inspection": known,
        }
    )
    with department.context.db.writing() as session:
        clip = record_sighting(
            session,
            manifest,
            sign_manifest(manifest, key),
            gateway=session.get_one(Gateway, GATEWAY_A),
            flagged=False,
            clock_limit_us=1_000_000,
            received_us=UtcMicros(NOW_US - 1000 + number),
        )
        clip_id = clip.clip_id
    while judge_pending(department.context.db, department.context.rules, NOW_US):
        pass
    return clip_id


def everything() -> dict[str, Any]:
    """As much as the contract lets through, as odd as it lets it be."""
    texts = [EVIL[:32], "covered", "seeing"]
    return {
        "view": tuple(ViewStretch(state=texts[i % 3], from_s=7 * i, to_s=7 * i + 40, confidence=1) for i in range(500)),
        "sound": tuple(SoundStretch(state="muted", from_s=13 * i, to_s=13 * i + 11) for i in range(500)),
        "faults": tuple(
            Fault(
                code=[EVIL[:40], "frames_missing", "crashed"][i % 3],
                from_s=[1e300, -5.0, None][i % 3],
                to_s=-1e300,
                detail=EVIL * 8,
                values={"why": EVIL * 3, "frames": 10**300, "span": EVIL, EVIL * 9: EVIL * 9},
            )
            for i in range(200)
        ),
        "view_model": EVIL + "a" * 400,
        "reference": ReferenceCheck(
            state="moved", reference=EVIL[:64], samples=0, samples_used=2**53 - 1, dx_px=1e300, scale=-1e300
        ),
    }


def words(page: str) -> str:
    """A page as it reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def findings_of(department: Seeded, kind: str) -> list[str]:
    with department.context.db.reading() as session:
        return list(session.scalars(select(Finding.finding_id).where(Finding.kind == kind).order_by(Finding.from_us)))


# ------------------------------------------------------------------------------------------------ what is shown
def test_a_clip_of_nonsense_is_shown_to_every_role_escaped_and_short(department: Seeded, signed_in: Enter) -> None:
    clips = [
        tell(department, device, content=device.encode(), number=i, **everything())
        for i, device in enumerate(["BWC-A1", "CAM-A1"])
    ]
    pages = [f"/clips/{clip_id}" for clip_id in clips]
    pages += ["/today", "/findings", "/findings.csv", "/findings?kind=bands", f"/officers/A-03101/days/{DAY}"]
    pages += [
        f"/findings/{number}" for kind in ("not_seeing", "view_moved") for number in findings_of(department, kind)
    ]
    for name in ROLES:
        client = signed_in(name)
        for language in ("en", "zh-CN"):
            for path in pages:
                answer = client.get(path, headers={"Accept-Language": language})
                assert answer.status_code in (200, 404), (name, path)
                assert "<script>alert" not in answer.text, (name, path)
                assert len(answer.content) < 500_000, (name, path, len(answer.content))


def test_nonsense_makes_few_findings(department: Seeded) -> None:
    before = len(findings_of(department, "not_hearing"))
    tell(department, "BWC-A1", **everything())
    assert len(findings_of(department, "not_hearing")) == before + 1


def test_what_a_gateway_tells_of_a_unit_stays_in_that_unit_and_out_of_the_public(
    department: Seeded, signed_in: Enter, browser: TestClient
) -> None:
    clip_id = tell(department, "CAM-A1", **everything())
    other = signed_in("supervisor-b")
    assert other.get(f"/clips/{clip_id}").status_code == 404
    assert all(other.get(f"/findings/{number}").status_code == 404 for number in findings_of(department, "view_moved"))
    assert "CAM-A1" not in other.get("/findings").text
    for path in ("/", "/sites/S-A-1", "/?q=alert"):
        text = browser.get(path).text
        assert "alert(1)" not in text
        assert "moved" not in text


def test_a_clip_that_is_told_for_ever_fills_no_page(department: Seeded, signed_in: Enter) -> None:
    many = tuple(Fault(code="data_hole", detail="x" * 400) for _ in range(200))
    clip_id = ""
    for number in range(30):
        clip_id = tell(department, "BWC-A1", number=number, verdict=FileVerdict.DAMAGED, faults=many)
    client = signed_in("supervisor-a")
    page = client.get(f"/clips/{clip_id}")
    assert len(page.content) < 1_500_000
    assert "10 more sightings are not shown" in page.text
    assert "140 more are not listed here" in page.text
    told = client.get(f"/api/v1/clips/{clip_id}").json()
    assert (len(told["sightings"]), told["sightings_count"]) == (20, 30)
    (found,) = [
        one
        for one in client.get("/api/v1/findings?kind=clip_damaged&device=BWC-A1").json()["items"]
        if one["clip_id"] == clip_id
    ]
    assert found["evidence"]["faults"] == "data_hole"


# ------------------------------------------------------------------------------------------------ what is not known
@pytest.mark.parametrize(
    ("device", "looks", "said", "unsaid"),
    [
        ("BWC-A1", {}, "looked at neither picture nor sound", "there throughout"),
        (
            "BWC-A1",
            {"sound": (SoundStretch(state="hearing", from_s=0, to_s=3600),)},
            "did not look at the picture from 06:00:00 to 07:00:00",
            "there throughout",
        ),
        (
            "BWC-A1",
            {
                "view": (ViewStretch(state="seeing", from_s=0, to_s=1800, confidence=1),),
                "sound": (SoundStretch(state="hearing", from_s=0, to_s=3600),),
            },
            "did not look at the picture from 06:30:00 to 07:00:00",
            "there throughout",
        ),
        (
            "CAM-A1",
            {"view": (ViewStretch(state="seeing", from_s=0, to_s=3600, confidence=1),)},
            "The picture is there throughout",
            "Picture and sound are there throughout",
        ),
    ],
)
def test_what_nobody_looked_at_is_never_called_in_order(
    department: Seeded, signed_in: Enter, device: str, looks: dict[str, Any], said: str, unsaid: str
) -> None:
    clip_id = tell(department, device, **looks)
    page = words(signed_in("supervisor-a").get(f"/clips/{clip_id}").text)
    assert said in page
    assert unsaid not in page


# ------------------------------------------------------------------------------------------------ who decides
@pytest.fixture
def blocked(department: Seeded) -> Seeded:
    """Unit A has one finding of each kind of look."""
    check = ReferenceCheck(state="blocked", reference="0" * 64, samples=8, samples_used=8)
    tell(department, "CAM-A1", reference=check)
    return department


KINDS = ("not_seeing", "not_hearing", "view_moved", "view_blocked")


def post(client: TestClient, number: str, state: str, *, seen: str = "open", token: str | None = None) -> int:
    form = {"state": state, "seen": seen, "reason": "looked at it", "csrf_token": token or client.csrf}
    return int(client.post(f"/findings/{number}/steps", data=form).status_code)


@pytest.mark.parametrize("name", [name for name in ROLES if name not in ("supervisor-a", "supervisor-all")])
def test_only_the_supervisor_of_the_unit_decides_what_a_look_found(
    blocked: Seeded, signed_in: Enter, name: str
) -> None:
    client = signed_in(name)
    for kind in KINDS:
        for number in findings_of(blocked, kind):
            for state in ("accepted", "rejected", "rectified", "withdrawn", "open", "moved", ""):
                assert post(client, number, state) in (404, 409), (kind, state)
    with blocked.context.db.reading() as session:
        assert set(session.scalars(select(FindingStep.by))) == {"system"}


def test_a_step_needs_the_form_the_token_and_the_state_that_was_seen(blocked: Seeded, signed_in: Enter) -> None:
    client = signed_in("supervisor-a")
    for kind in KINDS:
        number = findings_of(blocked, kind)[0]
        assert client.get(f"/findings/{number}/steps?state=accepted&reason=because").status_code == 405
        assert post(client, number, "accepted", token="x" * 43) == 403
        assert post(client, number, "accepted", seen="rejected") == 409
        assert post(client, number, "accepted") == 303
        assert post(client, number, "accepted") == 409
        assert post(client, number, "rejected") == 409
        assert post(client, number, "rejected", seen="accepted") == 303
        assert post(client, number, "rectified", seen="rejected") == 303
        assert post(client, number, "accepted", seen="rectified") == 409


def test_of_two_persons_who_decide_at_once_one_is_told_to_look_again(blocked: Seeded, signed_in: Enter) -> None:
    clients = [signed_in("supervisor-a"), signed_in("supervisor-all")]
    for kind in KINDS:
        number = findings_of(blocked, kind)[0]
        with ThreadPoolExecutor(2) as pool:
            steps = zip(clients, ("accepted", "rejected"), strict=True)
            codes = sorted(pool.map(lambda step, number=number: post(step[0], number, step[1]), steps))
        assert codes == [303, 409], kind


def test_a_withdrawn_finding_says_why(department: Seeded, signed_in: Enter) -> None:
    number = findings_of(department, "not_seeing")[0]
    with department.context.db.writing() as session:
        session.execute(update(Finding).where(Finding.finding_id == number).values(state="withdrawn"))
        session.add(
            FindingStep(finding_id=number, state="withdrawn", at_us=NOW_US, by="system", reason="", facts_json="{}")
        )
    page = words(signed_in("supervisor-a").get(f"/findings/{number}").text)
    assert "it is no longer so" in page
    assert "Decide" not in page
