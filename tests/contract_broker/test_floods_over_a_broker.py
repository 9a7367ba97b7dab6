"""One gateway floods a running server with all it can say, while another uploads: over each broker."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_gateway import CLOCK, ScriptedGateway, until
from served import Served, has_dynamic_security, serving
from sqlalchemy import Select, func, select

from edge.contract.identifiers import clip_id_of
from edge.contract.messages import Hello, Offer, Receipt, Refusal
from edge.contract.topics import UpKind, UpTopic
from edge.contract.wire_model import WireModel
from server.store.tables import Clip, EventRow, Finding, SetAside, Upload
from server.usecases.judge import judge_gateways

pytestmark = pytest.mark.broker

WAITING, ANNOUNCED = 1_000, 900
OFFERS = WAITING - ANNOUNCED + 100


@pytest.fixture(params=["embedded", "mosquitto"])
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    if request.param == "mosquitto" and not has_dynamic_security():
        pytest.skip("mosquitto with its dynamic-security plugin is not installed")
    monkeypatch.setenv("TALLYLIGHT_INGEST__WAITING_CLIPS", str(WAITING))
    with serving(request.param, tmp_path) as running:
        yield running


def content_of(seed: int, size_bytes: int = 200_000) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


class Flood:
    """A gateway with valid credentials that says all it should not, again and again, until it is stopped."""

    def __init__(self, gateway: ScriptedGateway, other: ScriptedGateway) -> None:
        self._gateway, self._other = gateway, other
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.said = 0

    def __enter__(self) -> Flood:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        self._thread.join(timeout=20)

    def _run(self) -> None:
        gateway, foreign = self._gateway, self._other.envelope(self._other.manifest(b"x"))
        rubbish = random.Random(1).randbytes(2_000)
        hello = Hello(installation_id="inst-0001", software="test 1", register_number=0, clock_synchronised=True)
        number = 0
        while not self._stopping.is_set():
            number += 1
            if number <= OFFERS:
                self._say(UpKind.OFFER, Offer(manifest=gateway.envelope(gateway.manifest(number.to_bytes(8)))))
            self._publish(gateway.gateway_id, UpKind.REPORT, rubbish)
            if number % 20 == 0:
                self._say(UpKind.HELLO, hello)
            if number % 100 == 0:  # the broker keeps it back, and Mosquitto cuts the connection for it
                self._publish(self._other.gateway_id, UpKind.OFFER, rubbish)
            if number % 50 == 0:
                self._say(UpKind.OFFER, Offer(manifest=foreign))
            self.said = number
            if number > OFFERS:
                self._stopping.wait(0.005)

    def _say(self, kind: UpKind, data: WireModel) -> None:
        self._publish(self._gateway.gateway_id, kind, self._gateway.message(kind, data))

    def _publish(self, gateway_id: str, kind: UpKind, message: bytes) -> None:
        """Again and again, also where the broker cuts the connection for what was said."""
        while not self._gateway.link.publish(str(UpTopic(gateway_id, kind)), message) and not self._stopping.wait(0.05):
            pass


def rows(served: Served, query: Select[int]) -> int:
    with served.context.db.reading() as session:
        return session.scalar(query) or 0


def announced(served: Served, gateway: ScriptedGateway) -> None:
    """What it announced in earlier days and never sent."""
    with served.context.db.writing() as session:
        for number in range(ANNOUNCED):
            sha256 = f"{number:064x}"
            clip_id = clip_id_of(1, sha256)
            session.add(
                Clip(
                    clip_id=clip_id,
                    sha256=sha256,
                    size_bytes=1,
                    state="announced",
                    first_seen_us=1,
                    gateway_id=gateway.gateway_id,
                )
            )


def test_a_gateway_that_floods_the_server_stays_bounded_and_keeps_nobody_from_uploading(served: Served) -> None:
    hostile, honest = served.gateway("north"), served.gateway("south")
    announced(served, hostile)
    with Flood(hostile, honest) as flood:
        assert until(lambda: flood.said > 50, seconds=20)
        receipts = [honest.upload(content_of(seed)) for seed in range(12)]
        assert all(isinstance(receipt, Receipt) for receipt in receipts)
        assert until(lambda: flood.said > OFFERS, seconds=60)
        assert isinstance(honest.upload(content_of(99)), Receipt)
    own = (Clip.gateway_id == hostile.gateway_id, Clip.state != "sealed")
    over = select(func.count()).where(EventRow.code == "gateway_over_limit", EventRow.gateway_id == hostile.gateway_id)
    assert until(lambda: rows(served, over) == 1, seconds=60)
    assert ANNOUNCED < rows(served, select(func.count()).where(*own)) <= WAITING
    assert rows(served, select(func.count()).select_from(SetAside)) <= 31 * 3
    assert rows(served, select(func.count()).where(Upload.gateway_id == hostile.gateway_id)) <= OFFERS
    judge_gateways(served.context.db, served.context.rules, CLOCK.now_us())
    with served.context.db.reading() as session:
        (finding,) = session.scalars(select(Finding).where(Finding.kind == "gateway_over_limit"))
        assert '"north"' in finding.evidence_json
    hostile.link.stop()
    honest.link.stop()


def test_wrong_bytes_without_end_are_kept_aside_for_a_person_and_another_goes_on(served: Served) -> None:
    hostile, honest = served.gateway("north"), served.gateway("south")
    for seed in range(3):
        announced, sent = content_of(seed, 100_000), content_of(seed + 50, 100_000)
        end = hostile.upload(sent, hostile.manifest(announced))
        assert isinstance(end, Refusal)
        assert (end.reason, end.permanent) == ("hash_differs", True)
        assert isinstance(honest.upload(content_of(seed + 100, 100_000)), Receipt)
    hostile.link.stop()
    honest.link.stop()
