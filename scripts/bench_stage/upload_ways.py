"""The ways a file goes from one program to another on this machine, each measured the same way."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx
from bench_stage.measured import CHECKOUT
from bench_stage.processes import cpu_s, forget_peak, memory
from demo_stage.folders import Folders, Memory
from demo_stage.mosquitto import MOSQUITTO, Mosquitto
from demo_stage.programs import Programs, StageError, port_is_free
from demo_stage.stage import EDGE, SERVER, Stage

from edge.contract.instants import parse_rfc3339

_WAIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One file once: seconds until the other side vouched for it, CPU seconds and peak bytes of each program."""

    wall_s: float
    cpu_s: Mapping[str, float]
    peak_bytes: Mapping[str, int] = field(default_factory=dict)
    anonymous_bytes: Mapping[str, int] = field(default_factory=dict)


class Way(Protocol):
    """One way; `start` once, then `send` as often as wanted."""

    name: str

    def start(self, ended: ExitStack) -> None: ...

    def send(self, file: Path) -> Sent: ...


class Watched:
    """What named programs use while something is sent."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        for pid in pids.values():
            forget_peak(pid)
        self._used = {name: cpu_s(pid) for name, pid in pids.items()}

    def sent(self, wall_s: float, **own_cpu_s: float) -> Sent:
        """The result; `own_cpu_s` of programs that lived for this file alone."""
        used = {name: cpu_s(pid) - self._used[name] for name, pid in self._pids.items()}
        held = {name: memory(pid) for name, pid in self._pids.items()}
        return Sent(
            wall_s,
            {**used, **own_cpu_s},
            {name: of["peak"] for name, of in held.items()},
            {name: of["anonymous"] for name, of in held.items()},
        )


class VerifiedUpload:
    """Tallylight itself: the installed agent and server over Mosquitto, from the first offer to the kept receipt."""

    name = "verified"

    def __init__(self, folder: Path, *, port: int) -> None:
        self._folders, self._port = Folders(folder), port
        self._source = folder / "footage"
        self._log = folder / "logs" / f"{EDGE}.log"
        self._read_to = 0

    def start(self, ended: ExitStack) -> None:
        self._source.mkdir(parents=True)
        self._programs = ended.enter_context(Programs(self._folders.logs))
        broker = Mosquitto(self._folders.data / "broker", self._programs, port=self._port + 2)
        broker.start()
        memory_of_stage = Memory(seed=None, footage=None, broker_port=self._port + 2, password="")
        stage = Stage(
            self._folders, memory_of_stage, self._programs, port=self._port, server_env=broker.server_env, vouched=True
        )
        stage.make_server()
        stage.start_server()
        stage.enrol_gateway(self._source, rest_s=0.2)
        stage.start_gateway()

    @property
    def pids(self) -> dict[str, int]:
        """The three programs."""
        return {
            "gateway": self._programs.pid(EDGE),
            "server": self._programs.pid(SERVER),
            "broker": self._programs.pid(MOSQUITTO),
        }

    def send(self, file: Path) -> Sent:
        arriving = self._source.parent / file.name
        os.link(file, arriving)
        arriving.rename(self._source / f"B-01_20261101T{time.time_ns() % 1_000_000:06d}_{file.stem}.mp4")
        offered_us = self._wait_for("offered")
        watched = Watched(self.pids)
        return watched.sent((self._wait_for("receipted") - offered_us) / 1_000_000)

    def _wait_for(self, event: str) -> int:
        """When the agent's log first says so after what was read of it before, in microseconds."""
        until = time.monotonic() + _WAIT_S
        while time.monotonic() < until:
            with self._log.open("rb") as log:
                log.seek(self._read_to)
                for line in log:
                    if not line.endswith(b"\n"):
                        break
                    self._read_to += len(line)
                    said = json.loads(line) if line.startswith(b"{") else {}
                    if said.get("event") == event:
                        return parse_rfc3339(said["timestamp"])
            self._programs.check()
            time.sleep(0.005)
        raise StageError(f"the agent's log did not say `{event}` within {_WAIT_S:.0f} s: {self._log}")


class RawMessages:
    """paho to paho over the same kind of broker: no file, no hash, no answer."""

    name = "raw_paho"

    def __init__(self, folder: Path, *, port: int, size_bytes: int) -> None:
        self._folder, self._port, self._size_bytes = folder, port, size_bytes
        self._script = str(Path(__file__).with_name("raw_messages.py"))

    def start(self, ended: ExitStack) -> None:
        self._folder.mkdir(parents=True)
        self._programs = ended.enter_context(Programs(self._folder))
        config = self._folder / "open.conf"
        config.write_text(
            f"listener {self._port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n"
            "set_tcp_nodelay true\nuser root\n",
            encoding="utf-8",
        )
        self._programs.start("broker", ["mosquitto", "-c", str(config)])
        wait_until(lambda: not port_is_free(self._port), "Mosquitto does not come up")
        self._receiver = subprocess.Popen(
            [sys.executable, self._script, "receive", str(self._port), str(self._size_bytes)],
            stdout=subprocess.PIPE,
            env=with_checkout(),
        )
        ended.callback(end, self._receiver)
        if self._receiver.stdout is None or self._receiver.stdout.readline() != b"ready\n":
            raise StageError("the receiver of raw messages did not start")

    def send(self, file: Path) -> Sent:
        watched = Watched({"receiver": self._receiver.pid, "broker": self._programs.pid("broker")})
        said, used_s = run([sys.executable, self._script, "send", str(self._port), str(file)])
        return watched.sent(float(said), sender=used_s)


class HttpUpload:
    """A client that puts a file to an application that uvicorn serves."""

    def __init__(self, name: str, folder: Path, *, python: str, app: Path, port: int, client: Sequence[str]) -> None:
        """`client`: its command; `{url}`, `{file}` and `{name}` are filled in. It may print the seconds it took."""
        self.name, self._folder, self._python, self._app, self._port = name, folder, python, app, port
        self._client = client

    def start(self, ended: ExitStack) -> None:
        self._folder.mkdir(parents=True)
        self._programs = ended.enter_context(Programs(self._folder / "log"))
        named = f"{self._app.stem}:app"
        served = [self._python, "-m", "uvicorn", named, "--port", str(self._port), "--log-level", "warning"]
        env = {**with_checkout(), "BENCH_FOLDER": str(self._folder)}
        self._programs.start("http", [*served, "--app-dir", str(self._app.parent)], env)
        wait_until(lambda: _answers(f"http://127.0.0.1:{self._port}/"), f"{self._app.name} does not answer")

    def send(self, file: Path) -> Sent:
        watched = Watched({"server": self._programs.pid("http")})
        values = {"url": f"http://127.0.0.1:{self._port}/files", "file": str(file), "name": file.name}
        began_s = time.perf_counter()
        said, used_s = run([word.format(**values) for word in self._client])
        wall_s = time.perf_counter() - began_s
        told = re.fullmatch(r"\d+\.\d+", said)
        return watched.sent(float(said) if told else wall_s, client=used_s)


class Rsync:
    """rsync to a daemon, whole files, fsynced where this rsync can."""

    name = "rsync"

    def __init__(self, folder: Path, *, port: int) -> None:
        self._folder, self._port = folder, port

    def start(self, ended: ExitStack) -> None:
        (self._folder / "files").mkdir(parents=True)
        config = self._folder / "rsyncd.conf"
        config.write_text(
            f"[files]\npath = {self._folder / 'files'}\nread only = false\nuid = root\ngid = root\n"
            "use chroot = false\n",
            encoding="utf-8",
        )
        self._programs = ended.enter_context(Programs(self._folder / "log"))
        daemon = ["rsync", "--daemon", "--no-detach", f"--port={self._port}", f"--config={config}"]
        self._programs.start("rsync", [*daemon, "--address=127.0.0.1"])
        wait_until(lambda: not port_is_free(self._port), "the rsync daemon does not come up")

    def send(self, file: Path) -> Sent:
        watched = Watched({"server": self._programs.pid("rsync")})
        began_s = time.perf_counter()
        _, used_s = run(["rsync", "-W", "--fsync", str(file), f"rsync://127.0.0.1:{self._port}/files/"])
        return watched.sent(time.perf_counter() - began_s, client=used_s)


# ------------------------------------------------------------------ running things
def run(command: Sequence[str]) -> tuple[str, float]:
    """What a command printed, and the CPU seconds it used. Raises StageError."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, env=with_checkout(), check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise StageError(f"{command[0]} ended with status {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip(), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wait_until(done: Callable[[], bool], otherwise: str) -> None:
    """Raises StageError after half a minute."""
    until = time.monotonic() + 30
    while not done():
        if time.monotonic() > until:
            raise StageError(otherwise)
        threading.Event().wait(0.05)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it and wait."""
    process.kill()
    process.wait()


def with_checkout() -> dict[str, str]:
    """The environment of a program that imports the project or this folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(CHECKOUT), str(CHECKOUT / "scripts")))}


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code > 0
    except httpx.TransportError:
        return False
