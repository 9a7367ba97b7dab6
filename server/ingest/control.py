"""Control messages of gateways: believed or set aside, put on record, answered. Runs in the writing thread alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from edge.contract.dsse import Verifier
from edge.contract.events import MessageRefusedError, Opened, down_event, open_up
from edge.contract.instants import UtcMicros
from edge.contract.manifest import Manifest
from edge.contract.messages import (
    Events,
    Hello,
    Holding,
    Noted,
    NotedItem,
    Offer,
    Refusal,
    RefusalReason,
    Report,
    Status,
)
from edge.contract.topics import DownKind, DownTopic, UpKind, UpTopic
from edge.platform.signing import KeyFileError
from server.domain.gateway_limits import OverLimitError
from server.domain.presence import Presence, Word, hear
from server.ingest import metrics
from server.ingest.aside import Aside
from server.ingest.gateway_intake import GatewayIntake
from server.ingest.lane import Lane, Say
from server.usecases.admission import Admit
from server.usecases.compare_contents import compare_contents
from server.usecases.context import AppContext
from server.usecases.gateways import RevokedGatewayError, UnknownGatewayError, keys_of, speaking_gateway
from server.usecases.issue_register import RegisterTooLargeError, issue_register
from server.usecases.receive_events import receive_events
from server.usecases.receive_hello import HelloOutcome, receive_hello, receive_holding, receive_status, record_clone
from server.usecases.receive_offer import Granted, RefusedForGood, Room, Sealed, receive_offer
from server.usecases.receive_report import believed_manifest, receive_report
from server.usecases.receive_sighting import SightingReusedError
from server.usecases.stale_registers import living_gateways, register_version
from server.usecases.tls_files import broker_ca_pem

log = structlog.get_logger(__name__)
_LIVE_KINDS = frozenset({UpKind.HELLO, UpKind.OFFER, UpKind.STATUS, UpKind.HOLDING})


@dataclass(frozen=True, slots=True)
class Heard:
    """A believed message, with when it came by wall and steady clock."""

    opened: Opened
    gateway_id: str
    kind: UpKind
    verifier: Verifier
    received_us: UtcMicros
    received_s: float


class Control:
    """What an ingest worker does with everything but chunks. `on_history_lost` is called when signing must stop."""

    def __init__(
        self, context: AppContext, lane: Lane, say: Say, aside: Aside, *, on_history_lost: Callable[[], None]
    ) -> None:
        self._context, self._lane, self._say, self._aside = context, lane, say, aside
        self._on_history_lost = on_history_lost
        self._intake = GatewayIntake(context)
        self._presence: dict[str, Presence] = {}
        self._noted: dict[str, list[NotedItem]] = {}
        self._register_version: tuple[object, ...] = ()
        self.signing_stopped = False

    def take(self, topic: UpTopic, payload: bytes, *, received_us: UtcMicros, received_s: float) -> None:
        """Work one message off. Whatever cannot be believed is set aside with the reason."""
        try:
            heard = self._believed(topic, payload, received_us, received_s)
            metrics.MESSAGES.labels(kind=topic.kind.value).inc()
            if self._is_second_of_two(heard):
                raise MessageRefusedError(reason="gateway_cloned", detail="another lives under the same id")
            self._answer(heard)
        except MessageRefusedError as error:
            self._aside.put(str(topic), payload, error.reason, error.detail, received_us)
        except UnknownGatewayError as error:
            self._aside.put(str(topic), payload, "unknown_gateway", str(error), received_us)
        except RevokedGatewayError as error:
            self._aside.put(str(topic), payload, "revoked_gateway", str(error), received_us)
        except OverLimitError as error:  # said again later: a report stays unnoted, an offer was refused as busy
            self._intake.over_limit(error, now_us=received_us, now_s=received_s)

    def say_noted(self, *, at_least: int = 1) -> None:
        """Tell each gateway which of its reports and events are durable."""
        for gateway_id in [name for name, items in self._noted.items() if len(items) >= at_least]:
            items = self._noted.pop(gateway_id)
            self._tell(gateway_id, DownKind.NOTED, Noted(items=tuple(items)))

    def say_register(self, gateway_id: str, number_held: int) -> None:
        """Send the gateway its register unless it holds the current one."""
        context = self._context
        try:
            number, envelope = issue_register(
                context.db,
                gateway_id,
                rules=context.rules,
                signer=context.signer,
                now_us=context.clock.now_us(),
                broker_ca_pem=self._broker_ca_pem(),
            )
        except RegisterTooLargeError as error:
            log.error("register_too_large", gateway=gateway_id, size_bytes=error.size_bytes)
            return
        if number != number_held:
            self._say(DownTopic(gateway_id, DownKind.REGISTER), envelope)

    def say_changed_registers(self) -> None:
        """Send living gateways what has changed since they said which register they hold."""
        now_us = self._context.clock.now_us()
        broker_ca_pem = self._broker_ca_pem()
        with self._context.db.reading() as session:
            version = (*register_version(session, now_us), broker_ca_pem)
            gateways = living_gateways(session, now_us, only_behind=version == self._register_version)
        for gateway_id, held in gateways:
            self.say_register(gateway_id, held)
        self._register_version = version

    def _broker_ca_pem(self) -> str:
        """What gateways are to trust at the broker; "": nothing is said of it, and they keep what they have."""
        try:
            return broker_ca_pem(self._context.config) or ""
        except KeyFileError as error:
            log.error("broker_ca_unreadable", why=str(error))
            return ""

    def _believed(self, topic: UpTopic, payload: bytes, received_us: UtcMicros, received_s: float) -> Heard:
        with self._context.db.reading() as session:
            speaking_gateway(session, topic.gateway_id)
            verifier = keys_of(session, topic.gateway_id, received_us)
        opened = open_up(payload, topic.kind, gateway_id=topic.gateway_id, verifier=verifier)
        return Heard(opened, topic.gateway_id, topic.kind, verifier, received_us, received_s)

    # ------------------------------------------------------------------ two under one id
    def _is_second_of_two(self, heard: Heard) -> bool:
        boot_id = heard.opened.event.bootid
        before = self._presence.get(heard.gateway_id)
        if boot_id is None or heard.kind not in _LIVE_KINDS:
            return before is not None and boot_id in before.refused
        is_hello = heard.kind is UpKind.HELLO
        after, word = hear(before, boot_id, is_hello=is_hello, now_s=heard.received_s)
        self._presence[heard.gateway_id] = after
        if word is Word.CLONE_FOUND:
            log.error("gateway_cloned", gateway=heard.gateway_id)
            record_clone(
                self._context.db, gateway_id=heard.gateway_id, boot_id=boot_id, now_us=self._context.clock.now_us()
            )
        if word is Word.REFUSED and isinstance(heard.opened.data, Offer):
            self._refuse_clone(heard, heard.opened.data)
        return word is Word.REFUSED

    def _refuse_clone(self, heard: Heard, offer: Offer) -> None:
        manifest, _ = self._manifest(heard, offer)
        refusal = Refusal(
            clip_id=manifest.clip_id,
            reason=RefusalReason.GATEWAY_CLONED,
            permanent=False,
            retry_after_s=self._context.config.ingest.full_retry_s,
            detail="another machine runs under this gateway's id: stop it, or enrol this one anew",
        )
        self._lane.say_refusal(heard.gateway_id, refusal)

    # ------------------------------------------------------------------ answering
    def _answer(self, heard: Heard) -> None:
        db, gateway_id, received_us = self._context.db, heard.gateway_id, heard.received_us
        admit = self._intake.admission(gateway_id, is_offer=heard.kind is UpKind.OFFER, now_s=heard.received_s)
        match heard.opened.data:
            case Offer() as offer:
                self._answer_offer(heard, offer, admit)
            case Report():
                item = receive_report(
                    db,
                    heard.opened,
                    gateway_id=gateway_id,
                    verifier=heard.verifier,
                    clock_limit_us=self._clock_limit_us(received_us),
                    received_us=received_us,
                    admit=admit,
                )
                self._noted.setdefault(gateway_id, []).append(item)
            case Events():
                item = receive_events(db, heard.opened, gateway_id=gateway_id, received_us=received_us, admit=admit)
                self._noted.setdefault(gateway_id, []).append(item)
            case Status() as status:
                receive_status(db, status, gateway_id=gateway_id, received_us=received_us)
            case Hello() as hello:
                outcome = receive_hello(db, heard.opened, hello, gateway_id=gateway_id, received_us=received_us)
                self._follow(outcome, heard)
            case Holding() as holding:
                outcome = receive_holding(db, holding, gateway_id=gateway_id, received_us=received_us)
                self._follow(outcome, heard)
                self._compare(heard, holding)

    def _follow(self, outcome: HelloOutcome, heard: Heard) -> None:
        if outcome.history_lost:
            log.error("history_lost", gateway=heard.gateway_id)
            self._on_history_lost()
        if self._intake.may_hear_register(heard.gateway_id, heard.received_s):
            self.say_register(heard.gateway_id, outcome.register_held)

    def _compare(self, heard: Heard, holding: Holding) -> None:
        """Say the receipts that never came, then which of the contents named are not here as the gateway says."""
        event = heard.opened.event
        if not holding.contents or event.bootid is None or event.counter is None:
            return
        with self._context.db.reading() as session:
            compared = compare_contents(session, holding.contents)
        for receipt in compared.receipts:
            self._say(DownTopic(heard.gateway_id, DownKind.RECEIPT), receipt)
        item = NotedItem(boot_id=event.bootid, counter=event.counter)
        self._tell(heard.gateway_id, DownKind.NOTED, Noted(items=(item,), compared=compared.answer))

    def _answer_offer(self, heard: Heard, offer: Offer, admit: Admit) -> None:
        context, gateway_id = self._context, heard.gateway_id
        manifest, envelope = self._manifest(heard, offer)
        settled = self._lane.settle(manifest.clip_id, gateway_id, heard.received_s)
        try:
            answer = receive_offer(
                context.db,
                manifest,
                envelope,
                gateway_id=gateway_id,
                flagged=offer.flagged,
                clock_limit_us=self._clock_limit_us(heard.received_us),
                room=self._room(gateway_id),
                signer=context.signer,
                now_us=heard.received_us,
                admit=admit,
            )
        except (OverLimitError, SightingReusedError) as error:
            if settled is not None:
                settled.close()
            if isinstance(error, SightingReusedError):
                raise MessageRefusedError(reason="sighting_reused", detail=str(error)) from error
            self._lane.say_refusal(gateway_id, self._not_now(manifest.clip_id, error))
            raise
        if isinstance(answer, Granted):
            self._lane.open(answer, settled, heard.received_s)
            return
        if settled is not None:
            settled.close()
        if isinstance(answer, Sealed):
            self._say(DownTopic(gateway_id, DownKind.RECEIPT), answer.receipt)
        elif isinstance(answer, RefusedForGood):
            metrics.REFUSALS.labels(reason=RefusalReason.HASH_DIFFERS.value).inc()
            self._say(DownTopic(gateway_id, DownKind.REFUSAL), answer.refusal)
        else:
            self._lane.say_refusal(gateway_id, answer.refusal)

    def _not_now(self, clip_id: str, error: OverLimitError) -> Refusal:
        retry_s = self._context.config.ingest.full_retry_s
        return Refusal(
            clip_id=clip_id, reason=RefusalReason.BUSY, permanent=False, retry_after_s=retry_s, detail=str(error)
        )

    def _manifest(self, heard: Heard, offer: Offer) -> tuple[Manifest, bytes]:
        return believed_manifest(offer.manifest, gateway_id=heard.gateway_id, verifier=heard.verifier)

    def _room(self, gateway_id: str) -> Room:
        ingest = self._context.config.ingest
        return Room(
            worker_id=self._lane.worker_id,
            open_now=self._lane.reservations(),
            limits=self._lane.limits(gateway_id),
            free_bytes=self._context.clip_files.free_bytes(),
            reserve_bytes=self._context.config.store.reserve_bytes,
            busy_retry_s=ingest.busy_retry_s,
            full_retry_s=ingest.full_retry_s,
            signing_stopped=self.signing_stopped,
        )

    def _clock_limit_us(self, at_us: UtcMicros) -> int:
        return self._context.rules.duration_us("clock.limit_server", at_us)

    def _tell(self, gateway_id: str, kind: DownKind, data: Noted) -> None:
        now_us = self._context.clock.now_us()
        event_id = f"{self._lane.worker_id}.{now_us}"
        message = down_event(
            kind, data, gateway_id=gateway_id, event_id=event_id, now_us=now_us, signer=self._context.signer
        )
        self._say(DownTopic(gateway_id, kind), message)
