"""`doctor`: configuration, folders, disk, clock, key, enrolment, journal, broker: what is wrong and what to do."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from edge.config import EdgeConfig
from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.local.checks import Check, Health
from edge.local.statement_checks import statement_checks
from edge.local.status_facts import agent_runs
from edge.platform.addresses import url_is_loopback
from edge.platform.clock import Clock
from edge.platform.mqtt import BrokerLogin, LinkState, MqttLink
from edge.platform.signing import KeyFileError
from edge.storage.identity import (
    KEY_PATH,
    Identity,
    IdentityUnreadableError,
    NotEnrolledError,
    gateway_key,
    load_identity,
    load_server_keys,
)
from edge.storage.journal import JournalUnusableError, reading_journal

_BROKER_WAIT_S = 10.0
_EARLIEST_US = UtcMicros(1_760_000_000_000_000)  # October 2025: no release of this program is older


LogIn = Callable[[Identity], Check]


def examine(config: EdgeConfig, clock: Clock, *, log_in: LogIn | None = None) -> Iterator[Check]:
    """All checks, in the order in which a person would mend things."""
    yield Check("configuration", Health.GOOD, f"readable, {len(config.sources)} source(s)")
    yield from _sources(config)
    yield _data_folder(config.data_dir)
    yield _disk(config)
    yield _clock(clock)
    yield _video()
    identity = yield from _identity(config.data_dir)
    yield _journal(config.data_dir)
    yield from statement_checks(config, clock.now_us())
    if identity is not None:
        yield (log_in or broker_check)(identity)
    runs = agent_runs(config.data_dir / "journal.sqlite3")
    if runs:
        yield Check("agent", Health.GOOD, "running")
    else:
        yield Check("agent", Health.DOUBTFUL, "not running", "Start it with `tallylight-edge run`")


def broker_check(identity: Identity) -> Check:
    """Log in as this gateway and out again."""
    if not url_is_loopback(identity.broker.url):
        return Check(
            "broker", Health.BAD, f"{identity.broker.url} is on another machine", "Enrol again on this machine"
        )
    link = MqttLink(
        BrokerLogin(identity.broker.url, identity.gateway_id, identity.broker.password, identity.broker.ca_pem),
        [],
        on_message=lambda _topic, _payload: None,
    )
    link.start()
    try:
        connected = link.wait_connected(_BROKER_WAIT_S)
        state, error = link.state, link.last_error
    finally:
        link.stop()
    if connected:
        return Check("broker", Health.GOOD, f"{identity.broker.url} takes this gateway's login")
    if state is LinkState.LOGIN_REFUSED:
        advice = "The gateway was revoked or enrolled again elsewhere: enrol it with a new code"
        return Check("broker", Health.BAD, f"{identity.broker.url} refuses the login ({error})", advice)
    advice = "Check that the server runs and that the address is right; footage is kept here until then"
    return Check("broker", Health.BAD, f"{identity.broker.url} is not reachable ({error})", advice)


def _sources(config: EdgeConfig) -> Iterator[Check]:
    if not config.sources:
        yield Check("sources", Health.BAD, "none: nothing is watched", "Add a [[sources]] block to the settings file")
    for source in config.sources:
        subject = f"source {source.name}"
        if not source.folder.is_dir():
            yield Check(subject, Health.BAD, f"{source.folder} is no folder", "Create it, mount it or correct `folder`")
        elif not os.access(source.folder, os.R_OK | os.X_OK):
            yield Check(subject, Health.BAD, f"{source.folder} may not be read", "Give this user the right to read it")
        elif config.data_dir.is_relative_to(source.folder):
            advice = "Put the data folder beside the watched folder, not inside it"
            yield Check(subject, Health.BAD, f"{source.folder} contains the data folder", advice)
        else:
            yield Check(subject, Health.GOOD, f"{source.folder} can be read")


def _data_folder(data_dir: Path) -> Check:
    if not data_dir.is_dir():
        return Check("data folder", Health.BAD, f"{data_dir} is missing", "Run `tallylight-edge init`")
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        return Check(
            "data folder", Health.BAD, f"{data_dir} may not be written", "Give this user the right to write it"
        )
    return Check("data folder", Health.GOOD, str(data_dir))


def _disk(config: EdgeConfig) -> Check:
    folder = config.data_dir if config.data_dir.is_dir() else Path()
    usage = shutil.disk_usage(folder)
    used_percent = usage.used / (usage.used + usage.free) * 100
    found = f"{used_percent:.0f} % used, {usage.free / 1024**3:.1f} GiB free"
    if used_percent >= config.disk_stop_copying_percent:
        return Check(
            "disk", Health.BAD, found, "Nothing more is copied from devices: free space, or connect the server"
        )
    if used_percent >= config.disk_warn_percent:
        return Check("disk", Health.DOUBTFUL, found, "Free space soon, or connect the server so that copies can go")
    return Check("disk", Health.GOOD, found)


def _clock(clock: Clock) -> Check:
    if clock.now_us() < _EARLIEST_US or clock.now_us() > _EARLIEST_US + 36_500 * MICROS_PER_DAY:
        return Check("clock", Health.BAD, "the clock is far off", "Set it, and start a time service such as chrony")
    if not clock.synchronised():
        advice = (
            "Start a time service such as chrony; in a container, set `clock_vouched = true` if the host keeps time"
        )
        return Check("clock", Health.DOUBTFUL, "no time service keeps this clock", advice)
    return Check("clock", Health.GOOD, "kept by a time service, or vouched for")


def _video() -> Check:
    missing = [name for name in ("av", "numpy") if importlib.util.find_spec(name) is None]
    if missing:
        return Check(
            "video", Health.BAD, f"{', '.join(missing)} not installed", "Install with `pip install 'tallylight[edge]'`"
        )
    return Check("video", Health.GOOD, "recordings can be looked into")


def _identity(data_dir: Path) -> Generator[Check, None, Identity | None]:
    try:
        identity = load_identity(data_dir)
        key = gateway_key(data_dir)
        load_server_keys(data_dir)
    except (NotEnrolledError, IdentityUnreadableError, KeyFileError) as error:
        found, _, advice = str(error).partition(": ")
        yield Check("enrolment", Health.BAD, found, advice)
        return None
    mode = (data_dir / KEY_PATH).stat().st_mode & 0o777
    if mode & 0o077:
        yield Check("key", Health.BAD, f"others may read it (mode {mode:o})", f"Run `chmod 600 {data_dir / KEY_PATH}`")
    else:
        yield Check("key", Health.GOOD, f"{key.key_id[:8]}..., readable by its owner alone")
    yield Check("enrolment", Health.GOOD, f"{identity.gateway_id} at {identity.server_url}")
    return identity


def _journal(data_dir: Path) -> Check:
    path = data_dir / "journal.sqlite3"
    if not path.exists():
        return Check("journal", Health.GOOD, "none yet; the first run makes it")
    try:
        with reading_journal(path) as rows:
            (verdict,) = rows.execute("PRAGMA quick_check(1)").fetchone()
    except JournalUnusableError as error:
        return Check("journal", Health.BAD, error.why, error.advice)
    if verdict != "ok":
        return Check("journal", Health.BAD, f"damaged ({verdict})", "Restore it from the backup")
    return Check("journal", Health.GOOD, "readable and whole")
