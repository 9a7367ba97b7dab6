"""Compares what this gateway holds with what the server has: after each connection, every hour, and when asked.

It names its contents page by page in `holding`; the server answers each page with the receipts that never came and a
signed `noted` that names what it does not have. The newest receipts come first: acts are a chain, so whoever knows the
newest knows all before it, and the pages end with the first in which the server knows every receipt. A page of older
ones, another each time, is compared all the same. What the server disowns is kept as a former receipt and offered anew.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog
from pydantic import BaseModel

from edge.contract.events import Opened
from edge.contract.instants import UtcMicros, rfc3339
from edge.contract.messages import (
    MAX_COMPARED,
    ComparedContents,
    Events,
    GatewayEvent,
    HeldContent,
    Holding,
    Noted,
    NotedItem,
)
from edge.contract.topics import UpKind
from edge.domain.overdue import is_overdue, is_to_be_told
from edge.platform.clock import Clock
from edge.storage.comparing import LARGEST_INDEX, Disowned, disown_receipt, receipted_page, waiting_page
from edge.storage.contents import backlog
from edge.storage.journal import Journal, remember, remembered
from edge.storage.outbox import Outbox
from edge.storage.register_copy import register_number
from edge.storage.uploads import latest_act
from edge.workers.telling_again import TellAgain

log = structlog.get_logger(__name__)

REQUEST_NAME, COMPARISON_KEY = "reconcile.request", "comparison"
_CURSOR_KEY, _OVERDUE_KEY = "comparison_cursor", "overdue_told_us"
_EVERY_S, _AGAIN_S = 3600.0, 600.0
_ANSWER_S, _ATTEMPTS = 15.0, 4
_LOOK_EVERY_S, _OVERDUE_EVERY_S = 1.0, 60.0
_MOST_NAMED = 500


class ComparisonLinks(Protocol):
    """What comparing needs of the connections."""

    @property
    def greeted(self) -> bool: ...

    def send_control(self, kind: UpKind, message: bytes) -> bool: ...


class LastComparison(BaseModel, frozen=True):
    """What the last one found; kept in the journal for `reconcile` and `status`. Clip ids, at most some hundreds."""

    request: str = ""
    began_us: int
    ended_us: int
    is_whole: bool
    is_answered: bool
    compared: int = 0
    disowned: int = 0
    unknown: int = 0
    unknown_clips: tuple[str, ...] = ()


@dataclass
class _Run:
    """One comparison under way. `page` is in flight under the name `item`."""

    request: str
    is_whole: bool
    began_us: UtcMicros
    phase: str = "newest"
    below: int = LARGEST_INDEX
    after: tuple[int, str] = (-(2**62), "")
    page: tuple[HeldContent, ...] = ()
    item: NotedItem | None = None
    sent_s: float = 0.0
    attempts: int = 0
    compared: int = 0
    disowned: int = 0
    unknown: list[str] = field(default_factory=list)


class ComparisonWorker:
    """`receive` and `reconnected` may be called by any thread, `step` by one."""

    def __init__(
        self, journal: Journal, outbox: Outbox, links: ComparisonLinks, *, data_dir: Path, clock: Clock
    ) -> None:
        self._journal, self._outbox, self._links, self._clock = journal, outbox, links, clock
        self._tell_again = TellAgain(journal, outbox)
        self._request_path = data_dir / REQUEST_NAME
        self._inbox: queue.SimpleQueue[Noted | None] = queue.SimpleQueue()
        self._run: _Run | None = None
        self._due_s = self._next_look_s = self._next_overdue_s = 0.0
        self.wake = threading.Event()

    def receive(self, opened: Opened) -> None:
        """A verified noted; others than the answer to a page are not for here."""
        if isinstance(opened.data, Noted) and opened.data.compared is not None:
            self._inbox.put(opened.data)
            self.wake.set()

    def reconnected(self) -> None:
        """There is a new connection: the server may be another one than before."""
        self._inbox.put(None)
        self.wake.set()

    def step(self, now_us: UtcMicros) -> bool:
        """One round. True: there was something to do, call again at once."""
        took = self._take_inbox(now_us) | self._tell_again.step(now_us)
        now_s = self._clock.steady_s()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + _LOOK_EVERY_S
            self._take_request(now_us)
        if now_s >= self._next_overdue_s:
            self._next_overdue_s = now_s + _OVERDUE_EVERY_S
            self._tell_overdue(now_us)
        if not self._links.greeted:
            return took
        if self._run is None and now_s >= self._due_s:
            self._run = _Run(request="", is_whole=False, began_us=now_us)
        if self._run is not None and (self._run.item is None or now_s - self._run.sent_s > _ANSWER_S):
            self._send(self._run, now_s, now_us)
        return took

    # ------------------------------------------------------------------ what came in
    def _take_inbox(self, now_us: UtcMicros) -> bool:
        took = False
        while True:
            try:
                noted = self._inbox.get_nowait()
            except queue.Empty:
                return took
            took = True
            if noted is None:
                self._due_s = 0.0
                if self._run is not None:  # what was on its way is lost: its page is named again
                    self._run.sent_s, self._run.attempts = float("-inf"), 0
            elif self._run is not None and self._run.item in noted.items and noted.compared is not None:
                self._on_answer(self._run, noted.compared, now_us)

    def _on_answer(self, run: _Run, answer: ComparedContents, now_us: UtcMicros) -> None:
        asked = {content.clip_id: content for content in run.page}
        named = [asked[clip_id] for clip_id in answer.not_held if clip_id in asked]
        with self._journal.transaction() as rows:
            disowned = [one for content in named if (one := _disown(rows, content, now_us)) is not None]
            if disowned:
                events = tuple(_event(one, now_us) for one in disowned)
                for start in range(0, len(events), 100):
                    self._outbox.put(rows, UpKind.EVENTS, Events(events=events[start : start + 100]), now_us)
            if run.phase == "older":
                remember(rows, _CURSOR_KEY, str(run.below))
            if answer.forgotten is not None:
                self._tell_again.hear(rows, answer.forgotten)
        for one in disowned:
            log.error("receipted_clip_missing", clip_id=one.clip_id, act_index=one.act_index, copy=one.copy)
        run.compared += len(run.page)
        run.disowned += len(disowned)
        run.unknown += [clip_id for clip_id in answer.unknown if clip_id in asked]
        run.item, run.attempts = None, 0
        if run.phase == "newest" and not named and not run.is_whole:
            run.phase = "older"
        elif run.phase == "older":
            run.phase = "waiting"
        elif run.phase == "waiting" and not run.is_whole:
            run.phase = "done"

    # ------------------------------------------------------------------ what goes out
    def _send(self, run: _Run, now_s: float, now_us: UtcMicros) -> None:
        if run.item is None and not self._turn_page(run):
            self._end(run, now_s, now_us, is_answered=True)
            return
        if run.attempts >= _ATTEMPTS:
            self._end(run, now_s, now_us, is_answered=False)
            return
        with self._journal.transaction() as rows:
            number, act = register_number(rows), latest_act(rows)
        holding = Holding(
            register_number=number,
            latest_act_index=None if act is None else act[0],
            latest_act_hash=None if act is None else act[1],
            contents=run.page,
        )
        message, run.item = self._outbox.passing_named(UpKind.HOLDING, holding, now_us)
        run.sent_s, run.attempts = now_s, run.attempts + 1
        self._links.send_control(UpKind.HOLDING, message)

    def _turn_page(self, run: _Run) -> bool:
        """The next contents to name. False: there are none left."""
        with self._journal.transaction() as rows:
            if run.phase == "older" and not run.is_whole:
                run.below = min(run.below, int(remembered(rows, _CURSOR_KEY) or LARGEST_INDEX))
            if run.phase in {"newest", "older"}:
                page = receipted_page(rows, below=run.below, limit=MAX_COMPARED)
                if page:
                    run.page, run.below = tuple(page), page[-1].act_index or 0
                    return True
                if run.phase == "older":
                    remember(rows, _CURSOR_KEY, str(LARGEST_INDEX))  # all were met: from the newest again
                run.phase = "waiting"
            if run.phase == "waiting":
                found = waiting_page(rows, after=run.after, limit=MAX_COMPARED)
                run.page = tuple(content for _, content in found)
                if found:
                    run.after = (found[-1][0], found[-1][1].clip_id)
                    return True
        return False

    def _end(self, run: _Run, now_s: float, now_us: UtcMicros, *, is_answered: bool) -> None:
        self._run = None
        self._due_s = now_s + (_EVERY_S if is_answered else _AGAIN_S)
        last = LastComparison(
            request=run.request,
            began_us=run.began_us,
            ended_us=now_us,
            is_whole=run.is_whole,
            is_answered=is_answered,
            compared=run.compared,
            disowned=run.disowned,
            unknown=len(run.unknown),
            unknown_clips=tuple(run.unknown[:_MOST_NAMED]),
        )
        with self._journal.transaction() as rows:
            remember(rows, COMPARISON_KEY, last.model_dump_json())
        log.info("compared", contents=run.compared, disowned=run.disowned, answered=is_answered)

    # ------------------------------------------------------------------ asked for, and overdue
    def _take_request(self, now_us: UtcMicros) -> None:
        """`reconcile` put a file here: compare everything."""
        try:
            request = self._request_path.read_text(encoding="ascii", errors="replace")[:64]
            self._request_path.unlink()
        except FileNotFoundError:
            return
        self._run = _Run(request=request, is_whole=True, began_us=now_us)

    def _tell_overdue(self, now_us: UtcMicros) -> None:
        """Once a day, while a clip has waited longer than a day."""
        with self._journal.transaction() as rows:
            waiting = backlog(rows)
            if not is_overdue(waiting.oldest_landed_us, now_us) or waiting.oldest_landed_us is None:
                return
            told = remembered(rows, _OVERDUE_KEY)
            if not is_to_be_told(None if told is None else UtcMicros(int(told)), now_us):
                return
            detail = {
                "clips": str(waiting.clips),
                "size_bytes": str(waiting.size_bytes),
                "oldest": rfc3339(waiting.oldest_landed_us),
            }
            self._put(rows, "unreceipted_overdue", detail, now_us)
            remember(rows, _OVERDUE_KEY, str(now_us))

    def _put(self, rows: sqlite3.Connection, code: str, detail: Mapping[str, str], now_us: UtcMicros) -> None:
        event = GatewayEvent(code=code, at=now_us, detail=dict(detail))
        self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)


def _disown(rows: sqlite3.Connection, content: HeldContent, now_us: UtcMicros) -> Disowned | None:
    if content.act_index is None or content.act_hash is None:
        return None
    return disown_receipt(rows, content.clip_id, act_index=content.act_index, act_hash=content.act_hash, now_us=now_us)


def _event(one: Disowned, now_us: UtcMicros) -> GatewayEvent:
    detail = {"clip_id": one.clip_id, "act": str(one.act_index), "act_hash": one.act_hash, "copy": one.copy}
    return GatewayEvent(code="receipted_clip_missing", at=now_us, detail=detail)
