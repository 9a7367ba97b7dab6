"""The server with one fault, for the control of the kill tests: it publishes the receipt before its COMMIT.

Run like `tallylight-server`. The kill tests must catch it; if they do not, they prove nothing.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from edge.contract.topics import DownKind, DownTopic
from server.ingest import lane
from server.store.database import Database

_BEFORE_COMMIT_S = 3.0
_finish = lane.Lane._finish
_seal = lane.seal_clip
_present: list[lane.Lane] = []


class _UndoneError(Exception):
    """Ends the trial transaction; nothing of it stays."""


def _receipt_without_commit(db: Database, clip_id: str, **given: Any) -> bytes:
    """The bytes that the seal would make, from a transaction that is undone."""

    class Trial:
        def __init__(self, session: object) -> None:
            self._session = session

        def writing(self) -> Trial:
            return self

        def __enter__(self) -> object:
            return self._session

        def __exit__(self, *_: object) -> None:
            return None

    receipt = b""
    try:
        with db.writing() as session:
            receipt = _seal(Trial(session), clip_id, **given)  # type: ignore[arg-type]  # a stand-in for the database
            raise _UndoneError
    except _UndoneError:
        return receipt


def _promise_then_seal(db: Database, clip_id: str, **given: Any) -> bytes:
    receipt = _receipt_without_commit(db, clip_id, **given)
    _present[-1]._say(DownTopic(given["gateway_id"], DownKind.RECEIPT), receipt)
    time.sleep(_BEFORE_COMMIT_S)
    return _seal(db, clip_id, **given)


def _remembering(self: lane.Lane, *given: Any) -> None:
    _present[:] = [self]
    _finish(self, *given)


if __name__ == "__main__":
    lane.seal_clip, lane.Lane._finish = _promise_then_seal, _remembering  # type: ignore[method-assign]
    from server.cli import main

    sys.exit(main())
