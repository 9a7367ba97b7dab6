"""Where a gateway and a server keep their things, and a clock that both follow; made once, then started any number of
times.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path

from edge.contract.enrolment import EnrolmentRequest, proof_message
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.platform.clock import Clock
from edge.storage.identity import Identity, gateway_key_made, installation_id_made, keep_identity
from server.config import IngestConfig, ServerConfig, StoreConfig
from server.usecases.context import AppContext
from server.usecases.enrol_gateway import enrol_gateway, invite_gateway
from server.usecases.set_up import open_context, set_up

BEGIN_US = UtcMicros(1_795_000_000_000_000)
CHUNK_BYTES = 64 * 1024
_START_US = 86_400 * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Places:
    """Each may lie on a disk of its own. `footage` and `book` lie where nothing is cut."""

    gateway: Path
    landing: Path
    server: Path
    clips: Path
    footage: Path
    book: Path

    @staticmethod
    def below(folder: Path) -> Places:
        """All on one disk."""
        return Places(
            gateway=folder / "gateway",
            landing=folder / "gateway" / "landing",
            server=folder / "server",
            clips=folder / "server" / "clips",
            footage=folder / "footage",
            book=folder / "promises",
        )


class StepClock:
    """Moved by hand; each start of the programs is a day after the last one."""

    def __init__(self, start: int) -> None:
        self._us = BEGIN_US + start * _START_US

    def now_us(self) -> UtcMicros:
        """Wall time."""
        return UtcMicros(self._us)

    def steady_s(self) -> float:
        """The same in seconds."""
        return self._us / MICROS_PER_SECOND

    def synchronised(self) -> bool:
        """It always is."""
        return True

    def pass_s(self, seconds: float) -> None:
        """Let time go by."""
        self._us += round(seconds * MICROS_PER_SECOND)


class SetClock(StepClock):
    """One machine's own: it goes with another, and its hands were set `step_us` forward; steady time knows nothing."""

    def __init__(self, other: StepClock) -> None:
        self._other = other
        self.step_us = 0

    def now_us(self) -> UtcMicros:
        """Wall time as this machine has it."""
        return UtcMicros(self._other.now_us() + self.step_us)

    def steady_s(self) -> float:
        """The other's."""
        return self._other.steady_s()

    def pass_s(self, seconds: float) -> None:
        """For both."""
        self._other.pass_s(seconds)


def server_config(places: Places) -> ServerConfig:
    """One chunk is one window, so that a clip of three chunks has three answers on its way."""
    return ServerConfig(
        data_dir=places.server,
        store=StoreConfig(clips=places.clips, reserve_bytes=0),
        ingest=IngestConfig(chunk_bytes=CHUNK_BYTES, window_bytes=CHUNK_BYTES),
    )


def make_places(places: Places) -> None:
    """A server and a gateway that is enrolled there, nothing on its way."""
    clock = StepClock(0)
    for folder in (places.gateway, places.footage):
        folder.mkdir(parents=True, exist_ok=True)
    set_up(places.server, now_us=clock.now_us())
    context = open_context(server_config(places), clock)
    _enrol(places, context, clock)
    context.db.close()


def feed(places: Places, name: str, data: bytes) -> None:
    """A finished recording in the watched folder."""
    path = places.footage / name
    path.write_bytes(data)
    finished_ns = (BEGIN_US - 60 * MICROS_PER_SECOND) * 1000
    os.utime(path, ns=(finished_ns, finished_ns))


def _enrol(places: Places, context: AppContext, clock: Clock) -> None:
    invitation = invite_gateway(
        context.db,
        "fault stage",
        unit_number=None,
        tls_fingerprint=context.tls_fingerprint,
        by="console",
        now_us=clock.now_us(),
    )
    key, installation_id = gateway_key_made(places.gateway), installation_id_made(places.gateway)
    secret = invitation.code.secret_text
    public_key = base64.b64encode(key.public_bytes).decode()
    request = EnrolmentRequest(
        secret=secret,
        public_key=public_key,
        proof=base64.b64encode(key.sign(proof_message(secret, public_key))).decode(),
        installation_id=installation_id,
        software="fault stage",
    )
    answer = enrol_gateway(context, request, now_us=clock.now_us())
    identity = Identity(
        gateway_id=answer.gateway_id,
        installation_id=installation_id,
        server_url="http://127.0.0.1:1",
        broker=answer.broker,
        enrolled=clock.now_us(),
    )
    keep_identity(places.gateway, identity, json.dumps(answer.key_set).encode())
