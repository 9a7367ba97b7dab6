"""What the use cases, pages and workers of one running server share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.platform.clock import Clock
from edge.platform.signing import SigningKey
from server.config import ServerConfig
from server.domain.rules import RuleSet
from server.store.clip_files import ClipFiles
from server.store.database import Database


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the server can do all its work now; each reason says what is wrong."""

    reasons: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class AppContext:
    """The parts of a running server. `tls_fingerprint`: SHA-256 of the TLS key's SubjectPublicKeyInfo, 32 bytes."""

    config: ServerConfig
    db: Database
    clip_files: ClipFiles
    rules: RuleSet
    clock: Clock
    signer: SigningKey
    broker_master_key: bytes = field(repr=False)
    tls_fingerprint: bytes
    readiness: Callable[[], Readiness] = Readiness
    gateways_changed: Callable[[], None] = lambda: None
    """Told after a gateway was enrolled or revoked, so that the broker knows within a second."""
