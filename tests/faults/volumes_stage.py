"""The real programs on small disks of their own that fill, run out of names, turn read-only, or leave no descriptors.

A program of its own, since its mounts are seen by it and its children alone: `python volumes_stage.py FOLDER PORT`. It
prints one JSON object: for each fault what was told of it while it lasted, and the promises that are broken at the end.
Ends with 3 and the reason where no disk can be mounted.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from demo_stage.folders import Folders, Memory
from demo_stage.programs import Programs, StageError
from demo_stage.stage import EDGE, SERVER, Stage
from fault_stage.promises import digest
from fault_stage.quick_programs import QuickPrograms
from fault_stage.verdict import broken_promises
from fault_stage.volumes import keep_mounts_to_ourselves

from edge.local.status_facts import running_agent

CLIP_BYTES = 700_000
LONGEST_S = 60.0
SERVER_ENV = {
    "TALLYLIGHT_STORE__RESERVE_BYTES": "0",
    "TALLYLIGHT_INGEST__FULL_RETRY_S": "1",
    "TALLYLIGHT_VERIFY__WHOLE_STORE_DAYS": "0",
}
EDGE_ENV = {
    "TALLYLIGHT_EDGE_INSPECTION_WORKERS": "1",
    "TALLYLIGHT_EDGE_STATUS_INTERVAL_S": "1",
    "TALLYLIGHT_EDGE_RESEND_INTERVAL_S": "1",
}


class Disks:
    """One small disk in memory for the server's rows, its clips, and the gateway's journal and landing area."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders(folder)
        self.clips = folder / "clips"
        self.folders.footage.mkdir(parents=True)
        for place, size in ((self.folders.server, "48m"), (self.clips, "24m"), (self.folders.gateway, "48m")):
            place.mkdir()
            run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))

    @contextmanager
    def full(self, place: Path) -> Iterator[None]:
        """There is no room left for a page."""
        ballast = place / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:  # the disk is full: what was wanted
                pass
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def without_names(self, place: Path) -> Iterator[None]:
        """No file can be made: every inode is in use."""
        used = os.statvfs(place)
        run("mount", "-o", f"remount,nr_inodes={used.f_files - used.f_ffree}", str(place))
        try:
            yield
        finally:
            run("mount", "-o", f"remount,nr_inodes={used.f_files}", str(place))

    @contextmanager
    def read_only(self, place: Path) -> Iterator[None]:
        """As a system does with a disk that it does not trust any more."""
        run("mount", "-o", "remount,ro", str(place))
        try:
            yield
        finally:
            run("mount", "-o", "remount,rw", str(place))


@contextmanager
def no_descriptors(pid: int) -> Iterator[None]:
    """Not one file more can be opened by this process: a new one gets the lowest free number, and that is forbidden."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    held = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    lowest_free = min(set(range(len(held) + 1)) - held)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


class Faults:
    """One after the other: a clip comes while it lasts, is told of, and goes through once it is over."""

    def __init__(self, disks: Disks, programs: Programs, stage: Stage) -> None:
        self.disks, self.programs, self.stage = disks, programs, stage
        self.written: dict[str, str] = {}
        self.told: dict[str, str] = {}
        self._dice = random.Random(1)

    def run(self) -> None:
        disks, folders = self.disks, self.disks.folders
        self.feed()
        self.wait(lambda: self.receipted() == 1, "the first clip does not come through")
        self.meet("clips: full", disks.full(disks.clips), self.put_off)
        self.meet("clips: no names", disks.without_names(disks.clips), self.put_off)
        self.meet("clips: read-only", disks.read_only(disks.clips), self.put_off)
        self.meet("rows: full", disks.full(folders.server), self.not_ready)
        self.meet("journal: full", disks.full(folders.gateway), self.in_the_log)
        self.meet("server: no descriptors", no_descriptors(self.programs.pid(SERVER)), lambda: "met", rest_s=1)
        self.meet("gateway: no descriptors", no_descriptors(self.programs.pid(EDGE)), lambda: "met", rest_s=1)

    def meet(self, name: str, fault: object, told: Callable[[], str], *, rest_s: float = 0.0) -> None:
        came = len(self.written)
        with fault:  # type: ignore[attr-defined]
            self.feed()
            self.wait(lambda: bool(told()), f"{name}: nobody says so")
            self.told[name] = told()
            time.sleep(rest_s)
        began_s = time.monotonic()
        self.wait(lambda: self.receipted() == came + 1, f"{name}: the work does not go on")
        self.told[name] += f" ({time.monotonic() - began_s:.1f} s)"

    def feed(self) -> None:
        data = self._dice.randbytes(CLIP_BYTES)
        name = f"V-01_20261101T0000{len(self.written):02d}_{len(self.written):04d}.mp4"
        (self.disks.folders.footage / name).write_bytes(data)
        self.written[name] = digest(data)

    def wait(self, done: Callable[[], bool], otherwise: str) -> None:
        self.stage.wait_for(done, otherwise, limit_s=LONGEST_S, every_s=0.1)

    # ------------------------------------------------------------------ what is told
    def receipted(self) -> int:
        return sum(1 for line in self.log() if '"receipted"' in line)

    def put_off(self) -> str:
        state = running_agent(self.disks.folders.gateway)
        return "" if state is None else state.put_off_by_server

    def not_ready(self) -> str:
        answer = httpx.get(f"{self.stage.url}/readyz", trust_env=False, timeout=5).json()
        return "; ".join(reason for reason in answer["reasons"] if reason.startswith("ingest:"))

    def in_the_log(self) -> str:
        return next((line for line in self.log() if "the disk is full" in line), "")

    def log(self) -> list[str]:
        return (self.disks.folders.logs / f"{EDGE}.log").read_text(errors="replace").splitlines()


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StageError(f"{' '.join(command)}: {done.stderr.strip()}")


def main(folder: Path, port: int) -> int:
    """The exit status."""
    try:
        keep_mounts_to_ourselves()
        disks = Disks(folder)
    except StageError as error:
        sys.stdout.write(f"{error}\n")
        return 3
    memory = Memory(seed=None, footage=None, broker_port=port + 2, password="")
    with QuickPrograms(disks.folders.logs) as programs:
        env = SERVER_ENV | {"TALLYLIGHT_STORE__CLIPS": str(disks.clips)}
        stage = Stage(disks.folders, memory, programs, port=port, server_env=env, edge_env=EDGE_ENV)
        stage.make_server()
        stage.start_server()
        stage.enrol_gateway(disks.folders.footage, rest_s=0.3)
        stage.start_gateway()
        faults = Faults(disks, programs, stage)
        failed = ""
        try:
            faults.run()
        except StageError as error:
            failed = str(error)
    folders = disks.folders
    broken = broken_promises(
        folders.footage, folders.gateway, folders.server, written=faults.written, clips=disks.clips
    )
    sys.stdout.write(json.dumps({"told": faults.told, "broken": [*broken, *([failed] if failed else [])]}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
