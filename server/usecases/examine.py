"""What `doctor` looks at: settings, keys, database, acts, clips, room, broker; each with what to do."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select

from edge.platform.clock import SystemClock
from edge.platform.settings import ConfigError
from edge.platform.signing import KeyFileError
from server.config import ServerConfig, load_config
from server.domain.acts import ChainBrokenError
from server.store.act_log import verify_acts
from server.store.database import DatabaseUnusableError
from server.store.rule_files import RuleFileError
from server.store.tables import Clip, Gateway, SetAside
from server.usecases.context import AppContext
from server.usecases.set_up import DatabaseOfAnotherServerError, open_context
from server.usecases.signing_state import why_signing_stopped


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `do` is empty where nothing is to be done."""

    what: str
    ok: bool
    detail: str
    do: str = ""


def examine(data_dir: Path) -> list[Check]:
    """Every check that can be made; a folder that cannot be opened ends them early."""
    try:
        config = load_config(data_dir)
    except ConfigError as error:
        return [Check("settings", ok=False, detail=str(error), do="correct the file, or run `tallylight-server init`")]
    checks = [Check("settings", ok=True, detail=str(data_dir)), _addresses(config)]
    try:
        context = open_context(config, SystemClock())
    except (KeyFileError, DatabaseUnusableError, RuleFileError, DatabaseOfAnotherServerError) as error:
        return [*checks, Check("data folder", ok=False, detail=str(error), do="see the message")]
    try:
        looks: list[Callable[[AppContext], Check]] = [
            _acts,
            _signing,
            _clips,
            _room,
            _gateways,
            _aside,
            _clock,
            _broker,
        ]
        return [*checks, *(look(context) for look in looks)]
    finally:
        context.db.close()


def _addresses(config: ServerConfig) -> Check:
    wrong = config.addresses_without_tls()
    detail = ", ".join(wrong) or f"pages {config.http.url}, broker {config.broker.server_url}"
    return Check("addresses", not wrong, detail, "without TLS use addresses of this machine" if wrong else "")


def _acts(context: AppContext) -> Check:
    try:
        with context.db.reading() as session:
            count = verify_acts(session)
    except ChainBrokenError as error:
        return Check("acts", ok=False, detail=str(error), do="restore the database from a backup and compare")
    return Check("acts", ok=True, detail=f"{count} in an unbroken chain")


def _signing(context: AppContext) -> Check:
    with context.db.reading() as session:
        reasons = why_signing_stopped(session)
    do = "find out what happened, then `tallylight-server resume-signing --reason ...`" if reasons else ""
    return Check("signing", not reasons, "; ".join(reasons) or "receipts are signed", do)


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
    do = "restore these files from a backup of the clips" if missing else ""
    return Check("sealed clips", not missing, f"{sealed} sealed, missing: {', '.join(missing[:10]) or 'none'}", do)


def _room(context: AppContext) -> Check:
    free, reserve = context.clip_files.free_bytes(), context.config.store.reserve_bytes
    total = shutil.disk_usage(context.clip_files.root).total
    detail = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free, reserve {reserve / 1e9:.1f} GB"
    return Check("room", free >= reserve, detail, "" if free >= reserve else "make room, or lower store.reserve_bytes")


def _gateways(context: AppContext) -> Check:
    with context.db.reading() as session:
        rows = session.execute(select(Gateway.state, func.count()).group_by(Gateway.state)).all()
    detail = ", ".join(f"{count} {state}" for state, count in rows)
    return Check("gateways", ok=True, detail=detail or "none yet: `tallylight-server gateway add NAME`")


def _aside(context: AppContext) -> Check:
    with context.db.reading() as session:
        rows = session.execute(select(SetAside.reason, func.count()).group_by(SetAside.reason)).all()
    return Check(
        "messages set aside", ok=True, detail=", ".join(f"{count} {reason}" for reason, count in rows) or "none"
    )


def _clock(context: AppContext) -> Check:
    kept = context.clock.synchronised()
    detail = "kept by a time service" if kept else "no time service keeps it, or this machine does not say so"
    return Check("clock", ok=True, detail=detail, do="" if kept else "run a time service such as chrony")


def _broker(context: AppContext) -> Check:
    parts = urlsplit(context.config.broker.server_url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 1883
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        detail = f"nothing listens on {host}:{port} ({error})"
        if context.config.broker.embedded:
            return Check("broker", ok=True, detail=f"{detail}; it starts with `tallylight-server run`")
        return Check("broker", ok=False, detail=detail, do="start the broker, or correct broker.url")
    return Check("broker", ok=True, detail=f"listens on {host}:{port}")
