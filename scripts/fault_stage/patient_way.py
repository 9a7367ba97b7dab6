"""A way whose halves meet errors as the programs do: a step is tried again, a broken journal starts the agent anew."""

from __future__ import annotations

import sqlite3
from collections import Counter

from edge.contract.events import Opened
from edge.contract.topics import ChunkTopic, UpTopic
from edge.storage.journal_errors import JournalBusyError, JournalFullError
from fault_stage.places import Places
from fault_stage.way import Way
from fault_stage.way_gateway import WayGateway


class PatientWay(Way):
    """`troubles` counts the errors that were met, by side and class."""

    def __init__(self, places: Places, *, start: int) -> None:
        super().__init__(places, start=start)
        self._places = places
        self.troubles: Counter[str] = Counter()

    def step_gateway(self) -> bool:
        """As the agent's outer loop: what failed is tried again, and an agent that ended is started again."""
        try:
            return self.gateway.step()
        except (JournalFullError, JournalBusyError) as error:
            self._note("gateway", error)
        except sqlite3.Error as error:
            self._note("gateway", error)
            self._begin_gateway_anew()
        except Exception as error:  # noqa: BLE001 - the outermost frame, as in the agent
            self._note("gateway", error)
        return True

    def to_server(self, topic: UpTopic | ChunkTopic, payload: bytes) -> None:
        """As the worker's outer loop: nothing of a step that failed is on record, and nothing of it was told."""
        try:
            super().to_server(topic, payload)
        except Exception as error:  # noqa: BLE001 - the outermost frame, as in the ingest worker
            self._note("server", error)
            self.server.forget()

    def to_gateway(self, opened: Opened) -> None:
        """As the link's thread, which drops the connection when its handler fails."""
        try:
            super().to_gateway(opened)
        except Exception as error:  # noqa: BLE001 - the outermost frame, as in the link
            self._note("gateway", error)
            self.gateway.connect_again()

    def _begin_gateway_anew(self) -> None:
        self.gateway.close()
        self.gateway = WayGateway(self._places, self.gateway_clock, self._book)

    def _note(self, side: str, error: Exception) -> None:
        self.troubles[f"{side}: {type(error).__name__}"] += 1
