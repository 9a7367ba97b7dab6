"""What rots, is lost or is edited in the store is found, and the exact item is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bench import Bench, content_of
from scripted_gateway import content_id
from sqlalchemy import select

from edge.contract.identifiers import ClipId
from edge.contract.messages import Receipt
from server.store.history_mark import HistoryMark
from server.store.tables import Act, Clip
from server.usecases.verify_store import Scope, Verified, verify_store

FIRST, SECOND = content_of(90_000, seed=1), content_of(90_000, seed=2)
CLIP, OTHER = content_id(FIRST), content_id(SECOND)


@pytest.fixture
def sealed(bench: Bench) -> Bench:
    """Two sealed clips of the same size."""
    gateway = bench.gateway()
    for content in (FIRST, SECOND):
        assert isinstance(gateway.upload(content), Receipt)
    return bench


def verified(bench: Bench, mark: HistoryMark | None = None, scope: Scope | None = None) -> Verified:
    later_us = type(bench.clock.now_us())(4_000_000_000_000_000)  # nothing is on its way any more
    return verify_store(bench.context.db, bench.context.clip_files, scope or Scope(), mark=mark, now_us=later_us)


def told(done: Verified) -> set[tuple[str, str]]:
    return {(one.item, one.said.code) for one in done.wrong}


def test_a_store_in_order_has_nothing_wrong(sealed: Bench) -> None:
    done = verified(sealed)
    assert done.ok, done.wrong
    assert (done.clips, done.clips_in_all, done.size_bytes) == (2, 2, 180_000)
    assert done.acts > 2


def path_of(bench: Bench, clip_id: str = CLIP) -> Path:
    return bench.context.clip_files.final_path(ClipId(clip_id))


def flip_byte(bench: Bench) -> None:
    data = bytearray(path_of(bench).read_bytes())
    data[45_000] ^= 0x10
    path_of(bench).write_bytes(data)


def swap_files(bench: Bench) -> None:
    one, other = path_of(bench), path_of(bench, OTHER)
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def quarantine(bench: Bench) -> Path:
    return bench.context.clip_files.root / "quarantine"


FILES: dict[str, tuple[Callable[[Bench], object], set[tuple[str, str]]]] = {
    "a byte flipped": (flip_byte, {(CLIP, "verify_file_changed")}),
    "a file cut short": (
        lambda bench: path_of(bench).write_bytes(FIRST[:-1]),
        {(CLIP, "verify_file_size")},
    ),
    "a file made longer": (lambda bench: path_of(bench).write_bytes(FIRST + b"\0"), {(CLIP, "verify_file_size")}),
    "a file that is gone": (lambda bench: path_of(bench).unlink(), {(CLIP, "verify_file_missing")}),
    "two files in each other's place": (
        swap_files,
        {(CLIP, "verify_file_changed"), (OTHER, "verify_file_changed")},
    ),
    "a file that no row names": (
        lambda bench: path_of(bench).with_name(f"{CLIP[:2]}{'0' * 30}").write_bytes(b""),
        {(f"{CLIP[:2]}{'0' * 30}", "verify_file_unknown")},
    ),
    "a file that does not belong there": (
        lambda bench: (bench.context.clip_files.root / "notes.txt").touch(),
        {("notes.txt", "verify_foreign")},
    ),
    "a part file of an unknown clip": (
        lambda bench: bench.context.clip_files.open_part(ClipId("0" * 32)).close(),
        {("0" * 32, "verify_part")},
    ),
    "a part file of a sealed clip": (
        lambda bench: bench.context.clip_files.part_path(ClipId(CLIP)).touch(),
        {(CLIP, "verify_part_sealed")},
    ),
    "a quarantine file of an unknown clip": (
        lambda bench: (quarantine(bench) / f"{'0' * 32}.gw-0123456789abcdef").touch(),
        {(f"{'0' * 32}.gw-0123456789abcdef", "verify_quarantine")},
    ),
}


@pytest.mark.parametrize(("harm", "found"), FILES.values(), ids=FILES)
def test_a_file_that_is_not_as_it_was_sealed_is_named(
    sealed: Bench, harm: Callable[[Bench], object], found: set[tuple[str, str]]
) -> None:
    path_of(sealed).chmod(0o600)
    harm(sealed)
    assert told(verified(sealed)) == found


NAMES = {"clip": CLIP, "other": OTHER}
ROWS: dict[str, tuple[str, set[str]]] = {
    "the clip's hash": ("UPDATE clip SET sha256 = 'f' || substr(sha256, 2) WHERE clip_id = :clip", {CLIP}),
    "the clip's size": ("UPDATE clip SET size_bytes = size_bytes + 1 WHERE clip_id = :clip", {CLIP}),
    "the clip's state": ("UPDATE clip SET state = 'offered' WHERE clip_id = :clip", {CLIP}),
    "the clip's time of sealing": ("UPDATE clip SET sealed_us = sealed_us + 1 WHERE clip_id = :clip", {CLIP}),
    "the clip's gateway": ("UPDATE clip SET gateway_id = 'gw-ffffffffffffffff' WHERE clip_id = :clip", {CLIP}),
    "the clip's path": (
        "UPDATE clip SET stored_path = substr(:other, 1, 2) || '/' || :other WHERE clip_id = :clip",
        {CLIP},
    ),
    "the clip's act": ("UPDATE clip SET act_index = act_index - 1 WHERE clip_id = :clip", {CLIP}),
    "the clip's receipt taken away": ("UPDATE clip SET receipt = NULL WHERE clip_id = :clip", {CLIP}),
    "another clip's receipt": (
        "UPDATE clip SET receipt = (SELECT receipt FROM clip WHERE clip_id = :other) WHERE clip_id = :clip",
        {CLIP},
    ),
    "the upload's gateway": ("UPDATE upload SET gateway_id = 'gw-ffffffffffffffff' WHERE clip_id = :clip", {CLIP}),
    "the upload taken away": ("DELETE FROM upload WHERE clip_id = :clip", {CLIP}),
    "an act's actor": ("UPDATE act SET actor = 'nobody' WHERE act_index = :act", {"ACT"}),
    "an act's data": (
        "UPDATE act SET data_json = replace(data_json, '90000', '90001') WHERE act_index = :act",
        {"ACT", CLIP},
    ),
    "an act's hash": ("UPDATE act SET hash = 'f' || substr(hash, 2) WHERE act_index = :act", {"ACT", CLIP}),
    "the server's key": ("UPDATE server_key SET public_key = randomblob(32)", {"KEY", CLIP, OTHER}),
    "the time a key began": ("UPDATE server_key SET since_us = 3000000000000000", {CLIP, OTHER}),
    "the time a key ended": ("UPDATE server_key SET until_us = since_us + 1", {CLIP, OTHER}),
}


@pytest.mark.parametrize(("harm", "found"), ROWS.values(), ids=ROWS)
def test_an_edited_row_is_named(sealed: Bench, harm: str, found: set[str]) -> None:
    with sqlite3.connect(sealed.context.db.path) as database:
        (act,) = database.execute("SELECT act_index FROM clip WHERE clip_id = :clip", NAMES).fetchone()
        assert database.execute(harm, {**NAMES, "act": act}).rowcount > 0
    items = {str(act): "ACT", sealed.context.signer.key_id: "KEY"}
    done = verified(sealed)
    assert {items.get(one.item, one.item) for one in done.wrong} == found, done.wrong
    assert any(one.stop_code for one in done.wrong)


def test_every_single_bit_of_a_receipt_counts(sealed: Bench) -> None:
    with sealed.context.db.writing() as session:
        receipt = session.get_one(Clip, CLIP).receipt or b""
    unnoticed = []
    for place in range(0, len(receipt) * 8, 97):  # every 97th bit: coprime to 8, so every position in a byte is met
        changed = bytearray(receipt)
        changed[place // 8] ^= 1 << place % 8
        with sealed.context.db.writing() as session:
            session.get_one(Clip, CLIP).receipt = bytes(changed)
        if CLIP not in {one.item for one in verified(sealed).wrong}:
            unnoticed.append(place)
    assert unnoticed == []


def test_a_clip_whose_row_was_taken_away_is_named_by_its_seal(sealed: Bench) -> None:
    with sqlite3.connect(sealed.context.db.path) as database:
        for harm in ("DELETE FROM sighting", "DELETE FROM upload", "DELETE FROM clip"):
            database.execute(f"{harm} WHERE clip_id = :clip", NAMES)
    assert (CLIP, "verify_seal_without_clip") in told(verified(sealed))


def test_an_end_of_the_chain_that_is_gone_is_named(sealed: Bench) -> None:
    with sealed.context.db.reading() as session:
        index, act_hash = session.execute(select(Act.index, Act.hash).order_by(Act.index.desc())).first() or (0, "")
    mark = HistoryMark(index, act_hash)
    assert verified(sealed, mark).ok
    assert told(verified(sealed, replace(mark, act_index=index + 3))) == {(str(index + 3), "verify_acts_cut")}
    assert told(verified(sealed, replace(mark, act_hash="0" * 64))) == {(str(index), "verify_acts_cut")}
