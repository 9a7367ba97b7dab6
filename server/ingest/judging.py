"""The judging loop: works off what facts have changed, and what deadlines have passed."""

from __future__ import annotations

import threading

import structlog

from server.ingest import metrics
from server.usecases.context import AppContext
from server.usecases.judge import judge_due, judge_pending

log = structlog.get_logger(__name__)
_LOOK_EVERY_S = 0.5
_DUE_EVERY_S = 30.0


class JudgingLoop:
    """One thread; a judgement that fails is tried again with the next look."""

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
            try:
                now_us, now_s = context.clock.now_us(), context.clock.steady_s()
                judged = judge_pending(context.db, context.rules, now_us)
                if now_s - due_s >= _DUE_EVERY_S:
                    due_s = now_s
                    judged += judge_due(context.db, context.rules, now_us)
                metrics.JUDGED.inc(judged)
            except Exception:  # the loop's outer edge: one subject that cannot be judged must not end it for all
                log.exception("judging_failed")
                self._stopping.wait(5.0)
            self._stopping.wait(_LOOK_EVERY_S)
