"""The server's half of the wire over real brokers: offer, chunks, seal, receipt; and what is refused."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_broker import free_port
from scripted_gateway import CLOCK, ScriptedGateway, content_id

from edge.contract.messages import Receipt
from edge.contract.topics import DownKind
from server.config import load_config
from server.ingest.embedded_broker import EmbeddedBroker
from server.ingest.worker import IngestWorker
from server.store.act_log import verify_acts
from server.store.tables import Clip
from server.usecases.context import AppContext
from server.usecases.gateways import broker_logins
from server.usecases.set_up import open_context, set_up

pytestmark = pytest.mark.broker


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    data_dir = tmp_path / "server"
    set_up(data_dir, now_us=CLOCK.now_us(), port=free_port())
    opened = open_context(load_config(data_dir), CLOCK)
    yield opened
    opened.db.close()


def test_a_clip_comes_in_and_its_receipt_goes_out(context: AppContext) -> None:
    gateway = ScriptedGateway(context)
    with context.db.reading() as session:
        logins = broker_logins(session, context.broker_master_key)
    broker = EmbeddedBroker("127.0.0.1", context.config.broker.embedded_port, logins)
    broker.start()
    assert broker.wait_up(20), broker.last_error
    worker = IngestWorker(context)
    worker.start()
    assert worker.wait_connected(20), worker.link.last_error
    try:
        gateway.start()
        gateway.hello()
        assert gateway.hear(DownKind.REGISTER).number == 1
        content = random.Random(7).randbytes(3_000_000)
        receipt = gateway.upload(content)
        assert isinstance(receipt, Receipt)
        assert receipt.clip_id == content_id(content)
        with context.db.reading() as session:
            clip = session.get_one(Clip, receipt.clip_id)
            assert clip.state == "sealed"
            assert clip.stored_path is not None
            assert context.clip_files.path_of(clip.stored_path).read_bytes() == content
            assert verify_acts(session) == receipt.act_index
    finally:
        gateway.link.stop()
        worker.stop()
        broker.stop()
