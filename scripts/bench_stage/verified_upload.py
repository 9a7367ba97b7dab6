"""Tallylight's own way: the installed agent and server over Mosquitto."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench_stage.way import Sent, Watched
from demo_stage.folders import Folders, Memory
from demo_stage.mosquitto import MOSQUITTO, Mosquitto
from demo_stage.programs import Programs, StageError
from demo_stage.stage import EDGE, SERVER, Stage

from edge.contract.instants import UtcMicros, parse_rfc3339

_WAIT_S = 600.0


class VerifiedUpload:
    """Tallylight itself: the installed agent and server over Mosquitto, from the first offer to the kept receipt."""

    def __init__(
        self, folder: Path, *, port: int, name: str = "verified", tls_host: str = "", within: Sequence[str] = ()
    ) -> None:
        """`tls_host`: everything there, encrypted. `within`: words before the gateway's commands."""
        self.name, self._tls_host, self._within = name, tls_host, within
        self._folders, self._port = Folders(folder), port
        self._source = folder / "footage"
        self._log = folder / "logs" / f"{EDGE}.log"
        self._read_to = 0

    def start(self, ended: ExitStack) -> None:
        self._source.mkdir(parents=True)
        self._programs = ended.enter_context(Programs(self._folders.logs))
        broker = Mosquitto(
            self._folders.data / "broker",
            self._programs,
            port=self._port + 2,
            host=self._tls_host or "127.0.0.1",
            keys=self.keys if self._tls_host else None,
        )
        memory_of_stage = Memory(seed=None, footage=None, broker_port=self._port + 2, password="")
        stage = Stage(
            self._folders,
            memory_of_stage,
            self._programs,
            port=self._port,
            server_env=broker.server_env,
            vouched=True,
            tls_host=self._tls_host,
            within=self._within,
        )
        stage.make_server()
        broker.start()
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

    @property
    def keys(self) -> Path:
        """The server's folder of keys."""
        return self._folders.server / "keys"

    def send(self, file: Path) -> Sent:
        self._arrive(file)
        offered_us = self._wait_for("offered")
        watched = Watched(self.pids)
        return watched.sent((self._wait_for("receipted") - offered_us) / 1_000_000)

    def grant_wait_s(self, probe: Path, *, beside: Path | None) -> float:
        """From the offer of a small clip to its grant, with another on its way or alone; both are through then."""
        if beside is not None:
            self._arrive(beside)
            self._wait_for("granted")
        self._arrive(probe)
        offered_us = self._wait_for("offered")
        waited_us = self._wait_for("granted") - offered_us
        for _ in range(1 if beside is None else 2):
            self._wait_for("receipted")
        return waited_us / 1_000_000

    def _arrive(self, file: Path) -> None:
        arriving = self._source.parent / file.name
        os.link(file, arriving)
        arriving.rename(self._source / f"B-01_20261101T{time.time_ns() % 1_000_000:06d}_{file.stem}.mp4")

    def _wait_for(self, event: str) -> UtcMicros:
        """When the agent's log first says so after what was read of it before."""
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
