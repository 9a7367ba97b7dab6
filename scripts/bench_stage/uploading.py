"""The verified upload beside a plain copy: curl to FastAPI, tus, rsync, and what the broker alone could do."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench_stage.links import LINKS, bench_link
from bench_stage.measured import CHECKOUT, machine
from bench_stage.upload_ways import CURL, HttpUpload, RawMessages, Rsync, plain_upload
from bench_stage.verified_upload import VerifiedUpload
from bench_stage.way import Sent, Way
from demo_stage.programs import StageError

TARGETS = {
    "upload_over_curl_fastapi": 0.85,
    "upload_over_tus": 1.3,
    "cpu_over_curl_fastapi": 1.7,
    "link_10mbit_over_curl": 0.98,
    "link_50mbit_lossy_over_curl": 0.98,
    "link_10mbit_control_over_idle": 2.5,
    "link_50mbit_lossy_control_over_idle": 2.5,
}
"""No worse than these. Source: design paper on the wire, its speed table."""
_COPIES_KEPT, _FILLED_AT_MOST = 1.5, 0.85
_TUS, _TUS_PYTHON = CHECKOUT / "scripts" / "bench_tus", str(CHECKOUT / ".venv-bench" / "bin" / "python")


def bench_upload(
    folder: Path,
    *,
    rounds: int,
    size_bytes: int,
    port: int,
    only: Sequence[str],
    tool: Path | None,
    told: Callable[[str], None],
) -> dict[str, object]:
    """Every way in turn with the same new file, `rounds` times; medians and ratios, the targets beside them."""
    ways = [way for way in _ways(folder, port, size_bytes) if not only or way.name in only]
    _require_room(folder, round(_COPIES_KEPT * len(ways) * (rounds + 1) * size_bytes))
    taken: dict[str, list[Sent]] = {way.name: [] for way in ways}
    with ExitStack() as ended:
        for way in ways:
            way.start(ended)
        for number in range(rounds + 1 if ways else 0):  # the first warms up whatever loads late, and is not counted
            file = _new_file(folder, number, size_bytes)
            for way in ways:
                sent = way.send(file)
                told(f"round {number} of {rounds}: {way.name} {size_bytes / sent.wall_s / 1e6:.0f} MB/s")
                if number:
                    taken[way.name].append(sent)
            file.unlink()
    medians = {name: _medians(of, size_bytes) for name, of in taken.items()}
    links = {
        link.name: bench_link(link, folder / link.name, tool, rounds=rounds, port=port + 20, told=told)
        for link in (LINKS if tool is not None else ())
        if tool is not None and (not only or link.name in only)
    }
    return {
        "machine": machine(),
        "rounds": rounds,
        "size_bytes": size_bytes,
        "targets": TARGETS,
        "medians": medians,
        "ratios": {**_ratios(medians), **_link_ratios(links)},
        "links": links,
        "runs_mb_per_s": {name: [round(size_bytes / one.wall_s / 1e6, 1) for one in of] for name, of in taken.items()},
    }


def _require_room(folder: Path, kept_bytes: int) -> None:
    """A gateway on a disk that is nearly full takes nothing in, and would be waited for. Raises StageError."""
    usage = shutil.disk_usage(folder)
    lacking_bytes = usage.used + kept_bytes - int(_FILLED_AT_MOST * usage.total)
    if lacking_bytes > 0:
        raise StageError(
            f"{folder}: every copy is kept until the end, and {lacking_bytes / 1e9:.0f} GB more must be free for that; "
            "free them, choose another disk with --data, or fewer --rounds or --megabytes"
        )


def _ways(folder: Path, port: int, size_bytes: int) -> list[Way]:
    encrypted = VerifiedUpload(folder / "verified-tls", port=port + 10, name="verified_tls", tls_host="127.0.0.1")
    tls_curl = [*CURL[:-3], "--cacert", str(encrypted.keys / "ca-cert.pem"), *CURL[-3:]]
    return [
        VerifiedUpload(folder / "verified", port=port),
        plain_upload(folder / "fastapi", port=port + 3),
        HttpUpload(
            "tus",
            folder / "tus",
            python=_TUS_PYTHON,
            app=_TUS / "app.py",
            port=port + 4,
            client=(_TUS_PYTHON, str(_TUS / "send.py"), "{url}", "{file}"),
        ),
        Rsync(folder / "rsync", port=port + 5),
        RawMessages(folder / "raw", port=port + 6, size_bytes=size_bytes),
        encrypted,
        plain_upload(
            folder / "fastapi-tls", name="curl_fastapi_tls", port=port + 13, client=tls_curl, keys=encrypted.keys
        ),
    ]


def _new_file(folder: Path, number: int, size_bytes: int) -> Path:
    """Random bytes, which no way can make smaller or knows already."""
    path = folder / f"{number:04d}"
    with path.open("wb", buffering=0) as file:
        for start in range(0, size_bytes, 8 << 20):
            file.write(os.urandom(min(8 << 20, size_bytes - start)))
        os.fsync(file.fileno())
    return path


def _medians(rounds: Sequence[Sent], size_bytes: int) -> dict[str, object]:
    gigabytes = size_bytes / 1e9
    programs = rounds[0].cpu_s
    return {
        "mb_per_s": statistics.median(size_bytes / one.wall_s / 1e6 for one in rounds),
        "cpu_s_per_gb": statistics.median(sum(one.cpu_s.values()) for one in rounds) / gigabytes,
        "cpu_s_per_gb_of": {
            name: statistics.median(one.cpu_s[name] for one in rounds) / gigabytes for name in programs
        },
        "peak_mb": {name: max(one.peak_bytes[name] for one in rounds) / 1e6 for name in rounds[0].peak_bytes},
    }


def _ratios(medians: Mapping[str, dict[str, object]]) -> dict[str, float]:
    def of(key: str, above: str, below: str) -> dict[str, float]:
        if above not in medians or below not in medians:
            return {}
        return {"": float(str(medians[above][key])) / float(str(medians[below][key]))}

    pairs = {
        "upload_over_curl_fastapi": ("mb_per_s", "verified", "curl_fastapi"),
        "upload_over_tus": ("mb_per_s", "verified", "tus"),
        "upload_over_rsync": ("mb_per_s", "verified", "rsync"),
        "upload_over_raw_paho": ("mb_per_s", "verified", "raw_paho"),
        "upload_tls_over_curl_fastapi_tls": ("mb_per_s", "verified_tls", "curl_fastapi_tls"),
        "cpu_tls_over_curl_fastapi_tls": ("cpu_s_per_gb", "verified_tls", "curl_fastapi_tls"),
        "cpu_over_curl_fastapi": ("cpu_s_per_gb", "verified", "curl_fastapi"),
    }
    return {name: ratio for name, pair in pairs.items() for ratio in of(*pair).values()}


def _link_ratios(links: Mapping[str, dict[str, object]]) -> dict[str, float]:
    return {
        f"{name}_{which}": float(str(link[which]))
        for name, link in links.items()
        for which in ("over_curl", "control_over_idle")
    }
