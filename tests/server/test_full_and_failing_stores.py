"""A full or failing disk, used-up budgets, two senders of one clip: what is held stays, the rest waits."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from bench import Bench, clip_of, content_of, granted
from scripted_gateway import content_id
from sqlalchemy import select

from edge.contract.identifiers import ClipId
from edge.contract.messages import (
    Receipt,
    Refusal,
)
from edge.contract.topics import DownKind
from server.store.clip_files import ClipFiles, PartFile, PartUnusableError, StoreFullError
from server.store.tables import Upload


class BrokenPart(PartFile):
    """A disk whose cache cannot be trusted any more."""

    def flush(self) -> None:
        self.close()
        raise PartUnusableError(clip_id=self.clip_id, why=f"cannot be flushed (errno {errno.EIO})")


class FullPart(PartFile):
    """A disk without room."""

    def write_at(self, offset: int, data: bytes) -> None:
        del offset, data
        raise StoreFullError(path=self.path)


class TroubledFiles(ClipFiles):
    """Hands out one kind of part file."""

    kind: type[PartFile] = BrokenPart

    def open_part(self, clip_id: ClipId) -> PartFile:
        return self.kind(self.part_path(clip_id), clip_id)


def test_after_a_flush_error_no_byte_of_that_file_is_believed(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=1)
    healthy = bench.context.clip_files
    bench.with_clip_files(TroubledFiles(healthy.root))
    gateway.offer(gateway.manifest(content))
    gateway.send_chunk(gateway.hear(DownKind.GRANT), content, 1)
    assert gateway.hear(DownKind.REFUSAL).reason == "store_full"
    assert clip_of(bench, content).held_json == "[]"
    bench.with_clip_files(healthy)
    assert isinstance(gateway.upload(content), Receipt)


@pytest.mark.parametrize("size_bytes", [None, 1_500_000, 700_000], ids=["gone", "other bytes", "shorter"])
def test_a_file_that_took_the_place_of_the_one_read_back_is_never_sealed(bench: Bench, size_bytes: int | None) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    gateway.offer(gateway.manifest(content))
    grant = gateway.hear(DownKind.GRANT)
    gateway.send_chunk(grant, content, 0)
    part = bench.context.clip_files.part_path(ClipId(content_id(content)))
    part.unlink()
    if size_bytes is not None:
        part.write_bytes(bytes(size_bytes))
    for index in (1, 2):
        gateway.send_chunk(grant, content, index)
    bench.work()
    assert gateway.hear(DownKind.REFUSAL).reason == "store_full"
    assert clip_of(bench, content).state == "receiving"
    assert isinstance(gateway.upload(content), Receipt)
    assert bench.context.clip_files.final_path(ClipId(content_id(content))).read_bytes() == content


def test_a_full_disk_refuses_for_now_and_keeps_what_is_held(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=1)
    held = gateway.hear(DownKind.HAVE).held
    files = TroubledFiles(bench.context.clip_files.root)
    files.kind = FullPart
    bench.with_clip_files(files)
    gateway.offer(gateway.manifest(content))
    gateway.send_chunk(gateway.hear(DownKind.GRANT), content, 1)
    refusal = gateway.hear(DownKind.REFUSAL)
    assert (refusal.reason, refusal.permanent) == ("store_full", False)
    assert clip_of(bench, content).held_json == str([list(span) for span in held])


def test_below_the_reserve_new_clips_are_refused_and_sealed_ones_are_still_receipted(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "server")
    gateway, sealed = bench.gateway(), content_of(10_000)
    gateway.upload(sealed)
    path = bench.folder / "server.toml"
    path.write_text(path.read_text().replace("# reserve_bytes = 2147483648", f"reserve_bytes = {10**18}"))
    bench.restart()
    refusal = gateway.upload(content_of(10_000, seed=4))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "store_full"
    assert isinstance(gateway.upload(sealed), Receipt)


def test_when_the_budgets_are_used_up_the_answer_is_busy(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "server")
    path = bench.folder / "server.toml"
    path.write_text(path.read_text().replace("# gateway_bytes = 67108864", "gateway_bytes = 524288"))
    bench.restart()
    gateway = bench.gateway()
    gateway.offer(gateway.manifest(content_of(1_048_576)))
    gateway.hear(DownKind.GRANT)
    gateway.offer(gateway.manifest(content_of(1_048_576, seed=2)))
    refusal = gateway.hear(DownKind.REFUSAL)
    assert (refusal.reason, refusal.permanent) == ("busy", False)
    assert refusal.retry_after_s is not None
    bench.clock.pass_s(61)
    bench.lane.lapse(bench.clock.steady_s())
    gateway.offer(gateway.manifest(content_of(1_048_576, seed=2)))
    grant = gateway.hear(DownKind.GRANT)  # in smaller chunks, since nothing came in the time of a whole grant
    assert (grant.chunk_bytes, grant.window_bytes) == (65_536, 262_144)
    assert bench.rows(select(Upload.state).order_by(Upload.number)) == ["lapsed", "open"]


def test_a_clip_one_gateway_is_sending_is_not_granted_to_another(bench: Bench) -> None:
    north, south, content = bench.gateway("north"), bench.gateway("south"), content_of(1_500_000)
    granted(bench, north, content, chunks=1)
    south.offer(south.manifest(content))
    assert south.hear(DownKind.REFUSAL).reason == "busy"


def test_chunks_of_another_gateway_never_reach_a_clip(bench: Bench) -> None:
    north, south, content = bench.gateway("north"), bench.gateway("south"), content_of(1_500_000)
    north.offer(north.manifest(content))
    grant = north.hear(DownKind.GRANT)
    south.send_chunk(grant, content, 0)
    assert clip_of(bench, content).held_json == "[]"


# ---------------------------------------------------------------------------------------------- clocks and sightings
