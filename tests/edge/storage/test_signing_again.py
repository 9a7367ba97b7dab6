"""A gateway with a new key: what waits is signed by it, what the server has stays as it was signed."""

from __future__ import annotations

import json
from pathlib import Path

from edge.contract.dsse import read_envelope
from edge.contract.events import open_up
from edge.contract.manifest import open_manifest
from edge.contract.messages import ClipReport, Events, GatewayEvent, Report
from edge.contract.topics import UpKind
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.outbox import Outbox
from edge.storage.signing_again import sign_what_waits_again
from tests.edge.landed_clips import GATEWAY_ID, NOW, Gateway


def only(key: SigningKey) -> PublicKeys:
    return PublicKeys({key.key_id: key.public_bytes})


def manifests(gateway: Gateway) -> dict[str, bytes]:
    with gateway.journal.transaction() as rows:
        return dict(rows.execute("SELECT clip_id, manifest FROM sighting").fetchall())


def with_words(folder: Path) -> tuple[Gateway, Outbox]:
    """Two clips, one of them receipted, an event and a clip's report that wait; signed by the first key."""
    gateway = Gateway(folder)
    waiting, receipted = gateway.land(b"waits"), gateway.land(b"has its receipt")
    outbox = Outbox(gateway.journal, gateway_id=GATEWAY_ID, signer=gateway.key)
    report = Report(content=ClipReport(manifest=json.loads(manifests(gateway)[waiting])))
    with gateway.journal.transaction() as rows:
        rows.execute("UPDATE content SET state = 'receipted' WHERE clip_id = ?", (receipted,))
        outbox.put(rows, UpKind.EVENTS, Events(events=(GatewayEvent(code="space_low", at=NOW),)), NOW)
        outbox.put(rows, UpKind.REPORT, report, NOW)
    assert sign_what_waits_again(gateway.journal, gateway.key) == 0
    return gateway, outbox


def test_what_waits_is_believed_by_the_new_key_and_says_what_it_said(tmp_path: Path) -> None:
    gateway, outbox = with_words(tmp_path / "edge")
    before, names = manifests(gateway), [(word.boot_id, word.counter) for word in outbox.waiting(10)]
    new = SigningKey.generate()
    assert sign_what_waits_again(gateway.journal, new) == 3
    changed = [clip for clip, envelope in manifests(gateway).items() if envelope != before[clip]]
    assert len(changed) == 1
    said = open_manifest(manifests(gateway)[changed[0]], only(new))
    assert said == open_manifest(before[changed[0]], only(gateway.key)).model_copy(update={"key_id": new.key_id})
    words = outbox.waiting(10)
    assert [(word.boot_id, word.counter) for word in words] == names
    for word in words:
        opened = open_up(word.message, word.kind, gateway_id=GATEWAY_ID, verifier=only(new))
        if isinstance(opened.data, Report) and isinstance(opened.data.content, ClipReport):
            assert open_manifest(json_of(opened.data.content.manifest), only(new)) == said


def test_once_done_nothing_is_signed_again_and_an_older_journal_tells_its_key_by_what_waits(tmp_path: Path) -> None:
    gateway, _ = with_words(tmp_path / "edge")
    with gateway.journal.transaction() as rows:
        rows.execute("DELETE FROM meta WHERE key = 'signing_key_id'")
    new = SigningKey.generate()
    assert sign_what_waits_again(gateway.journal, new) == 3
    assert sign_what_waits_again(gateway.journal, new) == 0


def test_whoever_was_stopped_in_the_middle_signs_the_rest(tmp_path: Path) -> None:
    gateway, outbox = with_words(tmp_path / "edge")
    new = SigningKey.generate()
    old = [word.message for word in outbox.waiting(10)]
    sign_what_waits_again(gateway.journal, new)
    with gateway.journal.transaction() as rows:  # as if it had ended before the second word
        rows.execute("UPDATE meta SET value = ? WHERE key = 'signing_key_id'", (gateway.key.key_id,))
        rows.execute("UPDATE outbox SET message = ? WHERE kind = 'report'", (old[1],))
    assert sign_what_waits_again(gateway.journal, new) == 1
    assert {read_envelope(word.message).key_id for word in outbox.waiting(10)} == {new.key_id}


def json_of(envelope: dict[str, object]) -> bytes:
    return json.dumps(envelope).encode()
