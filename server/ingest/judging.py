"""The judging loop: works off what facts have changed, and what deadlines have passed."""

from __future__ import annotations

import threading

import structlog

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from server.ingest import metrics
from server.store.tables import ToJudge
from server.usecases.context import AppContext
from server.usecases.judge import judge_gateways, judge_subject, put_off, subjects_due, subjects_waiting

log = structlog.get_logger(__name__)
_LOOK_EVERY_S = 0.5
_REST_FACTOR = 4
_LONGEST_REST_S = 20.0
_DUE_EVERY_S = 30.0
_AGAIN_US = 60 * MICROS_PER_SECOND


def rest_s(worked_s: float) -> float:
    """How long to rest after working that long: judging takes a fifth of one core at most while clips come in.

    A subject that is marked again while the loop rests is judged once, so under load fewer judgements do the same.
    """
    return max(_LOOK_EVERY_S, min(_REST_FACTOR * worked_s, _LONGEST_REST_S))


class JudgingLoop:
    """One thread; a judgement that fails is tried again a minute later, and holds nobody up."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="judging", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the judgement at hand."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=60)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        context, due_s = self._context, float("-inf")
        while not self._stopping.is_set():
            began_s = context.clock.steady_s()
            try:
                now_us, now_s = context.clock.now_us(), began_s
                self.look(now_us)
                if now_s - due_s >= _DUE_EVERY_S:
                    due_s = now_s
                    self._judge(subjects_due(context.db, now_us), now_us)
                    judge_gateways(context.db, context.rules, now_us)
            except Exception:  # the loop's outer edge: a full or locked database must not end it
                log.exception("judging_failed")
                self._stopping.wait(5.0)
            self._stopping.wait(rest_s(context.clock.steady_s() - began_s))

    def look(self, now_us: UtcMicros) -> None:
        """Judge what waits."""
        self._judge(subjects_waiting(self._context.db), now_us)

    def _judge(self, rows: list[ToJudge], now_us: UtcMicros) -> None:
        context = self._context
        for row in rows:
            if self._stopping.is_set():
                return
            try:
                judge_subject(context.db, context.rules, row, now_us)
                metrics.JUDGED.inc()
            except Exception:  # the outer edge of one judgement: it must not keep all others waiting behind it
                log.exception("subject_not_judged", kind=row.subject_kind, again_s=_AGAIN_US // MICROS_PER_SECOND)
                put_off(context.db, row, now_us + _AGAIN_US)
