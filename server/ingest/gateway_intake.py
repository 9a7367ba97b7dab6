"""How much each gateway has added, and who is told when one is over its limit. For the writing thread alone."""

from __future__ import annotations

import structlog
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.gateway_limits import COUNT_AGAIN_S, GatewayLimits, GatewayLoad, OverLimitError
from server.ingest import metrics
from server.usecases.admission import Admit, waiting_clips
from server.usecases.context import AppContext
from server.usecases.receive_events import record_over_limit

log = structlog.get_logger(__name__)
_LOOK_AGAIN_S = 3600.0
_REGISTERS_AT_ONCE, _REGISTERS_WINDOW_S = 5, 5.0


class GatewayIntake:
    """One worker's. What is over a limit is refused, counted, and told to a person once."""

    def __init__(self, context: AppContext) -> None:
        ingest = context.config.ingest
        self._db = context.db
        self._limits = GatewayLimits(ingest.waiting_clips, ingest.record_bytes_day)
        self._loads: dict[str, GatewayLoad] = {}
        self._told_s: dict[tuple[str, str], float] = {}
        self._registers: dict[str, tuple[float, int]] = {}

    def admission(self, gateway_id: str, *, is_offer: bool, now_s: float) -> Admit:
        """What asks, for each new record of this gateway, whether it may be kept."""

        def admit(session: Session, size_bytes: int, *, is_new_clip: bool = False) -> None:
            load = self._loads.get(gateway_id)
            if load is None:
                load = GatewayLoad(waiting_clips(session, gateway_id), now_s, at_s=now_s)
            load = load.drained(self._limits, now_s)
            exceeded = load.exceeded(self._limits, size_bytes, is_new_clip=is_new_clip, is_offer=is_offer)
            if exceeded is not None and now_s - load.counted_s >= COUNT_AGAIN_S:
                load = load.counted(waiting_clips(session, gateway_id), now_s)
                exceeded = load.exceeded(self._limits, size_bytes, is_new_clip=is_new_clip, is_offer=is_offer)
            if exceeded is None:
                self._loads[gateway_id] = load.with_more(size_bytes, is_new_clip=is_new_clip)
                return
            self._loads[gateway_id] = load
            raise OverLimitError(gateway_id=gateway_id, limit=exceeded, most=self._limits.most(exceeded))

        return admit

    def over_limit(self, error: OverLimitError, *, now_us: UtcMicros, now_s: float) -> None:
        """A message was refused for it: count it, and put it on record where that was not done lately."""
        metrics.OVER_LIMIT.labels(limit=error.limit.value).inc()
        told_s = self._told_s.get((error.gateway_id, error.limit))
        if told_s is not None and now_s - told_s < _LOOK_AGAIN_S:
            return
        self._told_s[(error.gateway_id, error.limit)] = now_s
        log.error("gateway_over_limit", gateway=error.gateway_id, limit=error.limit.value, most=error.most)
        record_over_limit(self._db, error, now_us=now_us)

    def may_hear_register(self, gateway_id: str, now_s: float) -> bool:
        """Whether it is answered with its register at once. A register may be 900 kB, a hello is one: whoever says it
        without end hears it with all others that live, every 5 s.
        """
        began_s, count = self._registers.get(gateway_id, (now_s, 0))
        if now_s - began_s >= _REGISTERS_WINDOW_S:
            began_s, count = now_s, 0
        self._registers[gateway_id] = (began_s, count + 1)
        return count < _REGISTERS_AT_ONCE
