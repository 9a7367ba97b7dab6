"""What `doctor` looks at: settings, keys, database, acts, clips, room, broker; each with what to do."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select

from edge.contract.instants import MICROS_PER_DAY
from edge.contract.sentences import sentence, sentence_of
from edge.platform.clock import SystemClock
from edge.platform.faults import os_reason
from edge.platform.settings import ConfigError
from edge.platform.signing import KeyFileError
from server.config import RestoreUnfinishedError, ServerConfig, load_config
from server.domain.acts import ChainBrokenError
from server.store.act_log import verify_acts
from server.store.database import DatabaseUnusableError
from server.store.rule_files import RuleFileError
from server.store.tables import Clip, EventRow, Gateway, SetAside
from server.usecases.checks import Check
from server.usecases.context import AppContext
from server.usecases.examine_tls import examine_certificate, examine_new_ca, examine_served_certificate
from server.usecases.receive_events import GATEWAY_OVER_LIMIT
from server.usecases.set_up import StoreMissingError, open_context
from server.usecases.signing_keys import DatabaseOfAnotherServerError
from server.usecases.signing_state import why_signing_stopped
from server.usecases.tls_files import broker_trust

_SETTINGS, _FOLDER, _ACTS = (
    sentence("settings", "settings"),
    sentence("folder", "data folder"),
    sentence("acts", "acts"),
)
_CORRECT = sentence("correct_settings", "correct the file, or run `tallylight-server init`")
_SEE = sentence("see_message", "see the message")


def examine(data_dir: Path) -> list[Check]:
    """Every check that can be made; a folder that cannot be opened ends them early."""
    try:
        config = load_config(data_dir)
    except ConfigError as error:
        do = _SEE if isinstance(error, RestoreUnfinishedError) else _CORRECT
        return [Check(_SETTINGS, ok=False, detail=sentence_of(error), do=do)]
    checks = [Check(_SETTINGS, ok=True, detail=str(data_dir)), _addresses(config)]
    try:
        context = open_context(config, SystemClock())
    except (
        KeyFileError,
        DatabaseUnusableError,
        RuleFileError,
        DatabaseOfAnotherServerError,
        StoreMissingError,
    ) as error:
        return [*checks, Check(_FOLDER, ok=False, detail=sentence_of(error), do=_SEE)]
    try:
        looks: list[Callable[[AppContext], Check]] = [
            _acts,
            _signing,
            _clips,
            _room,
            _gateways,
            _floods,
            _aside,
            _clock,
            examine_certificate,
            _broker,
        ]
        seldom = [examine_served_certificate(context), examine_new_ca(context)]
        return [*checks, *(look(context) for look in looks), *(check for check in seldom if check is not None)]
    finally:
        context.db.close()


def _addresses(config: ServerConfig) -> Check:
    unfit = config.unfit_addresses()
    used = sentence("addresses_used", "pages {url}, broker {broker}", url=config.url, broker=config.broker_url)
    detail = sentence("reasons", "{reasons}", reasons=tuple(unfit)) if unfit else used
    return Check(sentence("addresses", "addresses"), not unfit, detail, _CORRECT if unfit else "")


def _acts(context: AppContext) -> Check:
    try:
        with context.db.reading() as session:
            count = verify_acts(session)
    except ChainBrokenError as error:
        return Check(_ACTS, ok=False, detail=sentence_of(error), do=_SEE)
    return Check(_ACTS, ok=True, detail=sentence("acts_good", "{count} in an unbroken chain", count=count))


def _signing(context: AppContext) -> Check:
    with context.db.reading() as session:
        reasons = why_signing_stopped(session)
    what = sentence("signing", "signing")
    if not reasons:
        return Check(what, ok=True, detail=sentence("signing_good", "receipts are signed"))
    do = sentence("signing_resume", "find out what happened, then `tallylight-server resume-signing --reason ...`")
    return Check(what, ok=False, detail=sentence("reasons", "{reasons}", reasons=tuple(reasons)), do=do)


def _clips(context: AppContext) -> Check:
    with context.db.reading() as session:
        rows = session.execute(
            select(Clip.clip_id, Clip.size_bytes, Clip.stored_path).where(Clip.stored_path.isnot(None))
        )
        sealed, missing = 0, []
        for clip_id, size_bytes, stored_path in rows:
            path = context.clip_files.path_of(stored_path or "")
            sealed += 1
            if not path.is_file() or path.stat().st_size != size_bytes:
                missing.append(clip_id)
    what = sentence("sealed_clips", "sealed clips")
    if not missing:
        return Check(what, ok=True, detail=sentence("clips_good", "{count} sealed, all are there", count=sealed))
    detail = sentence("clips_missing", "{count} sealed, missing: {missing}", count=sealed, missing=tuple(missing[:10]))
    do = sentence("restore_clips", "restore these files from a backup of the clips")
    return Check(what, ok=False, detail=detail, do=do)


def _room(context: AppContext) -> Check:
    free, reserve = context.clip_files.free_bytes(), context.config.store.reserve_bytes
    total = shutil.disk_usage(context.clip_files.root).total
    detail = sentence(
        "room_free",
        "{free:.1f} of {total:.1f} GB free, reserve {reserve:.1f} GB",
        free=free / 1e9,
        total=total / 1e9,
        reserve=reserve / 1e9,
    )
    do = "" if free >= reserve else sentence("make_room", "make room, or lower store.reserve_bytes")
    return Check(sentence("room", "room"), free >= reserve, detail, do)


def _gateways(context: AppContext) -> Check:
    with context.db.reading() as session:
        rows = session.execute(select(Gateway.state, func.count()).group_by(Gateway.state)).all()
    detail = ", ".join(f"{count} {state}" for state, count in rows)
    none = sentence("gateways_none", "none yet: `tallylight-server gateway add NAME`")
    return Check(sentence("gateways", "gateways"), ok=True, detail=detail or none)


def _floods(context: AppContext) -> Check:
    with context.db.reading() as session:
        since_us = context.clock.now_us() - 7 * MICROS_PER_DAY
        rows = session.execute(
            select(Gateway.name)
            .join(EventRow, EventRow.gateway_id == Gateway.gateway_id)
            .where(EventRow.code == GATEWAY_OVER_LIMIT, EventRow.received_us > since_us)
            .distinct()
        ).all()
    what = sentence("gateway_limits", "gateways within their limits")
    if not rows:
        return Check(what, ok=True, detail=sentence("gateway_limits_good", "all, for seven days"))
    names = tuple(row.name for row in rows)
    detail = sentence("gateways_over_limit", "over a limit within seven days, and put off: {gateways}", gateways=names)
    do = sentence(
        "look_at_gateway",
        "look at its finding and at the gateway: `gateway revoke` if it is not yours any more,"
        " a higher `ingest.waiting_clips` or `ingest.record_bytes_day` if it has so much to send",
    )
    return Check(what, ok=False, detail=detail, do=do)


def _aside(context: AppContext) -> Check:
    with context.db.reading() as session:
        rows = session.execute(select(SetAside.reason, func.count()).group_by(SetAside.reason)).all()
    detail = ", ".join(f"{count} {reason}" for reason, count in rows) or sentence("none", "none")
    return Check(sentence("set_aside", "messages set aside"), ok=True, detail=detail)


def _clock(context: AppContext) -> Check:
    kept = context.clock.synchronised()
    what = sentence("clock", "clock")
    if kept:
        return Check(what, ok=True, detail=sentence("server_clock_kept", "kept by a time service"))
    detail = sentence("server_clock_alone", "no time service keeps it, or this machine does not say so")
    return Check(what, ok=True, detail=detail, do=sentence("run_chrony", "run a time service such as chrony"))


def _broker(context: AppContext) -> Check:
    parts = urlsplit(context.config.broker.server_url)
    what = sentence("broker", "broker")
    is_encrypted = parts.scheme == "mqtts"
    host, port = parts.hostname or "127.0.0.1", parts.port or (8883 if is_encrypted else 1883)
    try:
        with socket.create_connection((host, port), timeout=3) as plain:
            if is_encrypted:
                broker_trust(context.config).context().wrap_socket(plain, server_hostname=host).close()
    except OSError as error:
        why = os_reason(error)
        if context.config.broker.embedded:
            detail = sentence(
                "broker_later",
                "{host}:{port}: {why}; it starts with `tallylight-server run`",
                host=host,
                port=port,
                why=why,
            )
            return Check(what, ok=True, detail=detail)
        detail = sentence("broker_gone", "{host}:{port}: {why}", host=host, port=port, why=why)
        return Check(
            what, ok=False, detail=detail, do=sentence("start_broker", "start the broker, or correct broker.url")
        )
    return Check(what, ok=True, detail=sentence("broker_listens", "listens on {host}:{port}", host=host, port=port))
