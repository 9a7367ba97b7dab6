"""The demo believes no receipt that does not stand by itself, and never mixes two demos in one folder."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from demo_stage.folders import Folders, check_ports, remember, usual_folder
from demo_stage.programs import ProgramFailedError, Programs, StageError
from demo_stage.receipts import ReceiptWrongError, check_receipt, same_keys, server_keys
from demo_stage.report import Report
from demo_stage.truth import FaultResult, SeenFinding

from edge.contract.dsse import SignatureRefusedError
from edge.contract.events import MessageRefusedError, down_event
from edge.contract.identifiers import clip_id_of
from edge.contract.instants import UtcMicros
from edge.contract.keyset import KeySet, ServerKey, sign_key_set
from edge.contract.messages import Receipt
from edge.contract.topics import DownKind
from edge.platform.signing import SigningKey

SHA, SIZE, NOW_US = "ab" * 32, 1000, UtcMicros(1_795_300_000_000_000)
CLIP = clip_id_of(SIZE, SHA)


def key_set(key: SigningKey, signed_by: SigningKey | None = None) -> bytes:
    from base64 import b64encode

    listed = ServerKey(key_id=key.key_id, public_key=b64encode(key.public_bytes).decode(), since=NOW_US)
    return sign_key_set(KeySet(number=1, keys=(listed,)), signed_by or key)


def receipt(key: SigningKey, *, sha256: str = SHA, size_bytes: int = SIZE) -> bytes:
    said = Receipt(
        clip_id=clip_id_of(size_bytes, sha256), size_bytes=size_bytes, sha256=sha256, sealed=NOW_US, upload=1,
        gateway_id="gw-00000001", act_index=3, act_hash="cd" * 32,
    )  # fmt: skip
    return down_event(DownKind.RECEIPT, said, gateway_id="gw-00000001", event_id="r-1", now_us=NOW_US, signer=key)


def test_a_receipt_of_the_published_key_about_the_file_stands() -> None:
    key = SigningKey.generate()
    keys = server_keys(key_set(key))
    assert check_receipt(receipt(key), keys, clip_id=CLIP, sha256=SHA, size_bytes=SIZE).act_index == 3


def test_a_receipt_of_another_key_is_refused() -> None:
    keys = server_keys(key_set(SigningKey.generate()))
    with pytest.raises(MessageRefusedError):
        check_receipt(receipt(SigningKey.generate()), keys, clip_id=CLIP, sha256=SHA, size_bytes=SIZE)


def test_a_receipt_about_other_bytes_is_wrong() -> None:
    key = SigningKey.generate()
    other = receipt(key, sha256="ef" * 32)
    with pytest.raises(ReceiptWrongError, match="another clip"):
        check_receipt(other, server_keys(key_set(key)), clip_id=CLIP, sha256=SHA, size_bytes=SIZE)


def test_a_key_set_that_none_of_its_own_keys_signed_is_refused() -> None:
    with pytest.raises(SignatureRefusedError):
        server_keys(key_set(SigningKey.generate(), signed_by=SigningKey.generate()))


def test_published_keys_must_be_those_of_the_enrolment(tmp_path: Path) -> None:
    mine, other = key_set(SigningKey.generate()), key_set(SigningKey.generate())
    (tmp_path / "server-keys.json").write_bytes(mine)
    assert same_keys(mine, tmp_path / "server-keys.json")
    assert not same_keys(other, tmp_path / "server-keys.json")


def test_a_second_run_remembers_port_and_password(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "demo")
    first = remember(folders, seed=3, footage=None, port=9000)
    assert remember(folders, seed=3, footage=None, port=9900) == first
    assert folders.memory.stat().st_mode & 0o077 == 0


def test_a_folder_that_holds_another_demo_is_left_alone(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "demo")
    remember(folders, seed=3, footage=None, port=9000)
    with pytest.raises(StageError, match="seed 3"):
        remember(folders, seed=4, footage=None, port=9000)
    with pytest.raises(StageError, match="--data"):
        remember(folders, seed=3, footage=tmp_path, port=9000)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StageError, match="holds no demo"):
        remember(Folders(tmp_path), seed=1, footage=None, port=9000)


def test_each_seed_folder_and_day_has_its_own_place(tmp_path: Path) -> None:
    places = {
        usual_folder(tmp_path, seed=seed, footage=footage, day=day)
        for seed in (1, 2)
        for footage in (None, tmp_path / "a")
        for day in ("20261121", "20261122")
    }
    assert len(places) == 6


def test_a_busy_port_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StageError, match=f"Port {port}.*--port"):
            check_ports(http=port, metrics=port, broker=port)


def test_a_program_that_ends_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    with Programs(tmp_path) as programs:
        programs.start("python", [sys.executable, "-c", "print('no disk'); raise SystemExit(3)"])
        with pytest.raises(ProgramFailedError, match="no disk") as told:
            _check_until_it_tells(programs)
    assert told.value.status == 3


def _check_until_it_tells(programs: Programs) -> None:
    while True:
        programs.check()


def test_leaving_the_stage_ends_every_program(tmp_path: Path) -> None:
    with Programs(tmp_path) as programs:
        programs.start("python", [sys.executable, "-c", "import time; time.sleep(600)"])
        running = Path(f"/proc/{programs.pid('python')}")
        assert running.exists()
    assert not running.exists()


def test_all_is_well_only_when_nothing_is_missing_and_nothing_is_false() -> None:
    good = FaultResult("late_start", "late_start", "late_start", 0.0)
    assert Report(clips=2, sealed=2, receipts_verified=2, planted=[good]).well
    assert not Report(clips=2, sealed=2, receipts_verified=1, planted=[good]).well
    assert not Report(clips=2, sealed=1, receipts_verified=1).well
    assert not Report(planted=[FaultResult("late_start", "late_start", None)]).well
    assert not Report(false_findings=[SeenFinding("early_stop", None, None, None, None, None)]).well
    assert not Report(wrong=["the public list shows a hidden site"]).well
