"""The gateway's half of a clip's way: the real workers over a real journal and landing area, without a broker."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping

from blake3 import blake3

from edge.config import SourceConfig
from edge.contract.events import Opened
from edge.contract.inspection import FileVerdict
from edge.contract.topics import ChunkTopic, DownKind, UpKind, UpTopic
from edge.footage.probe_result import ProbeResult
from edge.storage.contents import ContentState
from edge.storage.identity import gateway_key, load_identity
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea
from edge.storage.outbox import Outbox
from edge.workers.inspection import InspectionWorker
from edge.workers.intake import IntakeWorker
from edge.workers.release import ReleaseWorker
from edge.workers.reporting import ReportingWorker
from edge.workers.upload import UploadWorker
from fault_stage.places import Places, StepClock
from fault_stage.promises import Kind, PromiseBook, digest

_ROOM_BYTES = 4 * 1024 * 1024
Said = tuple[UpTopic | ChunkTopic, bytes]


class WayLinks:
    """Both connections, always up: what is said waits in `said`."""

    def __init__(self, gateway_id: str) -> None:
        self._gateway_id = gateway_id
        self.said: deque[Said] = deque()
        self.set_aside: Mapping[str, int] = Counter()
        self.greeted = False

    @property
    def room_bytes(self) -> int:
        """There always is."""
        return _ROOM_BYTES

    def send_control(self, kind: UpKind, message: bytes) -> bool:
        """Taken, always."""
        self.said.append((UpTopic(self._gateway_id, kind), message))
        self.greeted |= kind is UpKind.HELLO
        return True

    def send_chunk(self, worker: str, upload: int, index: int, chunk: bytes, departed: Callable[[], None]) -> bool:
        """Taken, always, and departed at once."""
        topic = ChunkTopic(worker, self._gateway_id, upload, index, blake3(chunk).hexdigest(8))
        self.said.append((topic, chunk))
        departed()
        return True


class NothingInside:
    """Stands for the child process that looks into files: these are random bytes."""

    def call(self, argument: object, *, time_limit_s: float) -> object:  # noqa: ARG002 - the port has both
        """A whole file of unknown kind."""
        return ProbeResult(verdict=FileVerdict.WHOLE).model_dump(mode="json")


class WayGateway:
    """The workers of one agent, stepped in turn."""

    def __init__(self, places: Places, clock: StepClock, book: PromiseBook) -> None:
        self._clock, self._book = clock, book
        identity, key = load_identity(places.gateway), gateway_key(places.gateway)
        self.journal = Journal.open(places.gateway / "journal.sqlite3", now_us=clock.now_us())
        outbox = Outbox(self.journal, gateway_id=identity.gateway_id, signer=key)
        self.area = LandingArea(places.landing)
        self.links = WayLinks(identity.gateway_id)
        source = SourceConfig(name="dock", folder=places.footage, rest_s=0, scan_interval_s=0.1)
        self._intake = IntakeWorker(self.journal, outbox, self.area, [source], synchronised=clock.synchronised)
        self._inspection = InspectionWorker(
            self.journal,
            outbox,
            self.area,
            [source],
            gateway_id=identity.gateway_id,
            signer=key,
            prober=NothingInside(),
        )
        self._upload = UploadWorker(
            self.journal, outbox, self.links, landing=places.landing, clock=clock, in_flight=2, small_bytes=1
        )
        self._reporting = ReportingWorker(
            self.journal,
            outbox,
            self.links,
            installation_id=identity.installation_id,
            data_dir=places.gateway,
            clock=clock,
            resend_interval_s=10,
            status_interval_s=3600,
            on_greeted=self._upload.reconnected,
        )
        self._release = ReleaseWorker(self.journal, landing=places.landing, clock=clock, keep_days=0, drop_percent=90)
        self._told: set[tuple[Kind, str]] = set()
        self.connect_again()

    def connect_again(self) -> None:
        """New connections: hello is said first, and all that is under way is offered again."""
        self.links.greeted = False
        self._reporting.reconnected()

    def reconcile(self) -> None:
        """What the first step of the intake does: disk and rows agree again."""
        self._intake.step(self._clock.now_us())

    def step(self) -> bool:
        """One round of every worker. Whether one of them had something to do."""
        now_us, did = self._clock.now_us(), False
        self._book.begin("landing")
        did |= self._intake.step(now_us)
        self._promise_landed()
        self._book.begin("inspection")
        did |= self._inspection.step(now_us)
        self._book.begin("reporting")
        did |= self._reporting.step(now_us)
        self._book.begin("upload")
        did |= self._upload.step(now_us)
        self._promise_receipted()
        self._book.begin("release")
        return self._release.step(now_us) or did

    def receive(self, opened: Opened) -> None:
        """As the agent hands its messages on."""
        if opened.kind in {DownKind.NOTED, DownKind.REGISTER}:
            self._reporting.receive(opened)
        else:
            self._upload.receive(opened)

    def close(self) -> None:
        """A clean stop."""
        self._inspection.close()
        self.journal.close()

    def _promise_landed(self) -> None:
        with self.journal.transaction() as rows:
            landed = [row["clip_id"] for row in rows.execute("SELECT clip_id FROM content")]
        for clip_id in landed:
            self._tell(Kind.LANDED, clip_id)

    def _promise_receipted(self) -> None:
        with self.journal.transaction() as rows:
            kept = rows.execute(
                "SELECT clip_id, receipt FROM content WHERE state = ?", (ContentState.RECEIPTED,)
            ).fetchall()
        for row in kept:
            self._tell(Kind.RECEIPTED, row["clip_id"], sha256=digest(row["receipt"]))

    def _tell(self, kind: Kind, clip_id: str, **value: str) -> None:
        if (kind, clip_id) not in self._told:
            self._told.add((kind, clip_id))
            self._book.write(kind, clip_id, **value)
