"""The verified upload and curl to FastAPI, both encrypted, over links with a rate, a round trip and losses."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_stage.measured import CHECKOUT
from bench_stage.upload_ways import CURL, plain_upload
from bench_stage.verified_upload import VerifiedUpload
from bench_stage.way import wait_until
from demo_stage.programs import StageError

HOST = "10.78.0.1"
"""This machine as the far end of the link sees it."""
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Link:
    """`delay_ms` is one way; `loss_percent` of what the gateway sends. `congestion`: that of curl, too."""

    name: str
    mbit_s: int
    delay_ms: int
    loss_percent: float
    congestion: str
    size_bytes: int


LINKS = (
    Link("link_10mbit", 10, 40, 0, "bbr", 12_600_000),
    Link("link_50mbit_lossy", 50, 30, 1, "bbr", 50_300_000),
)


def bench_link(
    link: Link, folder: Path, tool: Path, *, rounds: int, port: int, told: Callable[[str], None]
) -> dict[str, object]:
    """Medians of MB/s of both ways in turn, and of the wait for a grant, idle and beside footage on its way."""
    with ExitStack() as ended:
        within = ended.enter_context(_far_end(link, tool))
        upload = VerifiedUpload(folder / "verified", port=port, tls_host=HOST, within=within)
        upload.start(ended)
        client = _curl(within, upload.keys)
        curl = plain_upload(folder / "fastapi", port=port + 3, client=client, keys=upload.keys, host=HOST)
        curl.start(ended)
        used: dict[str, list[float]] = {upload.name: [], curl.name: []}
        for number in range(rounds):
            file = _random_file(folder / f"{link.name}-{number:02d}", link.size_bytes)
            for way in (upload, curl):
                speed = link.size_bytes / way.send(file).wall_s / 1e6
                used[way.name].append(speed)
                told(f"{link.name}, round {number + 1} of {rounds}: {way.name} {speed:.3f} MB/s")
            file.unlink()
        waits = _waits(link, folder, upload, told)
    medians = {name: statistics.median(of) for name, of in used.items()}
    return {
        "mb_per_s": medians,
        "use_of_the_link": {name: 8 * speed / link.mbit_s for name, speed in medians.items()},
        "grant_wait_s": waits,
        "runs_mb_per_s": {name: [round(one, 3) for one in of] for name, of in used.items()},
        "over_curl": medians[upload.name] / medians[curl.name],
        "control_over_idle": waits["during_bulk"] / waits["idle"],
    }


def _waits(link: Link, folder: Path, upload: VerifiedUpload, told: Callable[[str], None]) -> dict[str, float]:
    """From an offer to its grant, of a clip of 20 kB: alone, and while a large one is on its way."""
    waits: dict[str, list[float]] = {"idle": [], "during_bulk": []}
    for number in range(_PROBES):
        for when, of in waits.items():
            probe = _random_file(folder / f"probe-{when}-{number}", 20_000)
            large = None
            if when == "during_bulk":
                large = _random_file(folder / f"large-{number}", link.size_bytes)
            of.append(upload.grant_wait_s(probe, beside=large))
            told(f"{link.name}: a grant came after {of[-1]:.3f} s ({when})")
    return {when: statistics.median(of) for when, of in waits.items()}


@contextmanager
def _far_end(link: Link, tool: Path) -> Iterator[list[str]]:
    """The words that run a command behind the link, which stands as long as this block."""
    shape = [str(tool), str(link.mbit_s), str(link.delay_ms), str(link.loss_percent), "-c", link.congestion]
    holding = subprocess.Popen([*shape, "--", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _reaches(holding.pid), "the shaped link does not come up; it needs root, gcc and iproute2")
        yield ["ip", "netns", "exec", f"shaped{holding.pid}"]
    finally:
        if holding.stdin is not None:
            holding.stdin.close()
        holding.wait(timeout=30)


def _reaches(pid: int) -> bool:
    """Whether both ends have their addresses."""
    look = ["ip", "netns", "exec", f"shaped{pid}", "ip", "route", "get", HOST]
    near = subprocess.run(["ip", "-o", "addr", "show", "to", HOST], capture_output=True, text=True, check=False)
    return HOST in near.stdout and subprocess.run(look, capture_output=True, check=False).returncode == 0


def _curl(within: list[str], keys: Path) -> list[str]:
    """With when its request began and ended, since the other way is connected already."""
    told = ["-w", "%{{time_pretransfer}} %{{time_total}}"]
    return [*within, *CURL[:-3], "--cacert", str(keys / "ca-cert.pem"), *told, *CURL[-3:]]


def _random_file(path: Path, size_bytes: int) -> Path:
    path.write_bytes(os.urandom(size_bytes))
    return path


def found_tool(named: Path | None) -> Path | None:
    """The tool that makes links: as named, or beside the checkout. Raises StageError where a named one is not there."""
    if named is not None and not named.exists():
        raise StageError(f"{named} is not there: give the tool that makes links with --link-tool")
    usual = CHECKOUT.parent / "shared" / "tools" / "link" / "shaped"
    return named or (usual if usual.exists() else None)
