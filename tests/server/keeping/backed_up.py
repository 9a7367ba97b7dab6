"""A server with sealed clips, its backup, and what is made from it."""

from __future__ import annotations

from pathlib import Path

from bench import Bench, content_of
from scripted_gateway import content_id

from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt
from server.usecases.make_backup import BackedUp, Manner, make_backup
from server.usecases.restore_backup import restore_backup

CONTENTS = [content_of(70_000, seed=number) for number in range(3)]
IDS = [content_id(content) for content in CONTENTS]
LATER_US = UtcMicros(1_796_000_000_000_000)


def with_sealed_clips(bench: Bench) -> Bench:
    """Three sealed clips and one that is half way."""
    gateway = bench.gateway()
    for content in CONTENTS:
        assert isinstance(gateway.upload(content), Receipt)
    gateway.offer(gateway.manifest(content_of(1_500_000, seed=9)))
    return bench


def backed_up(bench: Bench, folder: Path, manner: Manner | None = None) -> BackedUp:
    bench.clock.pass_s(1)
    return make_backup(bench.context.config, folder, software="test", now_us=bench.clock.now_us(), manner=manner)


def restored(folder: Path, data_dir: Path, *, clips: Path | None = None, now_us: UtcMicros = LATER_US) -> list[str]:
    done = restore_backup(folder, data_dir, clips_dir=clips, by="console:test", now_us=now_us)
    return done.missing
