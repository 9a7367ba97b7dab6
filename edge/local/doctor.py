"""`doctor`: configuration, folders, disk, clock, key, enrolment, journal, broker: what is wrong and what to do."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from edge.config import EdgeConfig
from edge.contract.instants import MICROS_PER_DAY
from edge.contract.sentences import sentence
from edge.local.answer_checks import answer_checks
from edge.local.checks import Check, Health
from edge.local.forecast_checks import forecast_checks
from edge.local.reference_checks import reference_checks
from edge.local.statement_checks import statement_checks
from edge.local.status_facts import agent_runs
from edge.platform.addresses import is_plain_beyond_loopback
from edge.platform.clock import Clock
from edge.platform.mqtt import LinkState, MqttLink
from edge.platform.signing import KeyFileError
from edge.platform.version import RELEASED_US
from edge.storage.identity import (
    ENROL_ADVICE,
    KEY_PATH,
    RESTORE_ADVICE,
    Identity,
    IdentityUnreadableError,
    NotEnrolledError,
    gateway_key,
    load_identity,
    load_server_keys,
)
from edge.storage.journal import reading_journal
from edge.storage.journal_errors import JournalUnusableError, NoJournalError
from edge.transport.broker_login import login_of

_BROKER_WAIT_S = 10.0
_CONFIGURATION = sentence("configuration", "configuration")
_DATA = sentence("data_folder", "data folder")
_DISK = sentence("disk", "disk")
_CLOCK = sentence("clock", "clock")
_VIDEO = sentence("video", "video")
_KEY = sentence("key", "key")
_ENROLMENT = sentence("enrolment", "enrolment")
_JOURNAL = sentence("journal", "journal")
_BROKER = sentence("broker", "broker")
_AGENT = sentence("agent", "agent")

LogIn = Callable[[Identity], Check]


def examine(config: EdgeConfig, clock: Clock, *, log_in: LogIn | None = None) -> Iterator[Check]:
    """All checks, in the order in which a person would mend things."""
    yield Check(
        _CONFIGURATION, Health.GOOD, sentence("config_good", "readable, {count} source(s)", count=len(config.sources))
    )
    yield from _sources(config)
    yield _data_folder(config.data_dir)
    yield _disk(config)
    yield _clock(clock)
    yield _video()
    identity = yield from _identity(config.data_dir)
    yield _journal(config.data_dir)
    yield from statement_checks(config, clock.now_us())
    yield from reference_checks(config.data_dir)
    yield from forecast_checks(config, clock.now_us())
    if identity is not None:
        knows_the_time = clock.now_us() >= RELEASED_US
        yield log_in(identity) if log_in else broker_check(identity, knows_the_time=knows_the_time)
        yield from answer_checks(config.data_dir)
    runs = agent_runs(config.data_dir / "journal.sqlite3")
    if runs:
        yield Check(_AGENT, Health.GOOD, sentence("agent_runs", "running"))
    else:
        yield Check(
            _AGENT,
            Health.DOUBTFUL,
            sentence("agent_rests", "not running"),
            sentence("agent_start", "Start it with `tallylight-edge run`"),
        )


def broker_check(identity: Identity, *, knows_the_time: bool = True) -> Check:
    """Log in as this gateway and out again, as the agent would."""
    url = identity.broker.url
    if is_plain_beyond_loopback(url):
        return Check(
            _BROKER,
            Health.BAD,
            sentence("broker_elsewhere", "{url} is on another machine and not encrypted", url=url),
            sentence(
                "broker_enrol",
                "Set broker.gateway_url on the server to an address that begins with mqtts://, then enrol again with a"
                " new code",
            ),
        )
    link = MqttLink(
        login_of(identity.gateway_id, identity.broker, knows_the_time=knows_the_time),
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
        return Check(_BROKER, Health.GOOD, sentence("broker_good", "{url} takes this gateway's login", url=url))
    if state is LinkState.LOGIN_REFUSED:
        return Check(
            _BROKER,
            Health.BAD,
            sentence("broker_refuses", "{url} refuses this gateway's login", url=url),
            sentence(
                "broker_new_code", "The gateway was revoked or enrolled again elsewhere: enrol it with a new code"
            ),
        )
    return Check(
        _BROKER,
        Health.BAD,
        sentence("broker_unreachable", "{url} is not reachable ({error})", url=url, error=error),
        sentence(
            "broker_check",
            "Check that the server runs and that the address is right; footage is kept here until then",
        ),
    )


def _sources(config: EdgeConfig) -> Iterator[Check]:
    if not config.sources:
        yield Check(
            sentence("sources", "sources"),
            Health.BAD,
            sentence("sources_none", "none: nothing is watched"),
            sentence("sources_add", "Add a [[sources]] block to the settings file"),
        )
    for source in config.sources:
        subject = sentence("source", "source {name}", name=source.name)
        if not source.folder.is_dir():
            found = sentence("source_no_folder", "{folder} is no folder", folder=source.folder)
            advice = sentence("source_mount", "Create it, mount it or correct `folder`")
            yield Check(subject, Health.BAD, found, advice)
        elif not os.access(source.folder, os.R_OK | os.X_OK):
            found = sentence("source_unreadable", "{folder} may not be read", folder=source.folder)
            yield Check(subject, Health.BAD, found, sentence("right_to_read", "Give this user the right to read it"))
        elif config.data_dir.is_relative_to(source.folder):
            found = sentence("source_around", "{folder} contains the data folder", folder=source.folder)
            advice = sentence("source_beside", "Put the data folder beside the watched folder, not inside it")
            yield Check(subject, Health.BAD, found, advice)
        else:
            yield Check(subject, Health.GOOD, sentence("source_good", "{folder} can be read", folder=source.folder))


def _data_folder(data_dir: Path) -> Check:
    if not data_dir.is_dir():
        return Check(
            _DATA,
            Health.BAD,
            sentence("data_missing", "{folder} is missing", folder=data_dir),
            sentence("data_init", "Run `tallylight-edge init`"),
        )
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        return Check(
            _DATA,
            Health.BAD,
            sentence("data_unwritable", "{folder} may not be written", folder=data_dir),
            sentence("right_to_write", "Give this user the right to write it"),
        )
    return Check(_DATA, Health.GOOD, sentence("data_good", "{folder}", folder=data_dir))


def _disk(config: EdgeConfig) -> Check:
    folder = config.data_dir if config.data_dir.is_dir() else Path()
    usage = shutil.disk_usage(folder)
    used_percent = usage.used / (usage.used + usage.free) * 100
    found = sentence("disk_use", "{used:.0f} % used, {free:.1f} GiB free", used=used_percent, free=usage.free / 1024**3)
    if used_percent >= config.disk_stop_copying_percent:
        advice = sentence("disk_full", "Nothing more is copied from devices: free space, or connect the server")
        return Check(_DISK, Health.BAD, found, advice)
    if used_percent >= config.disk_warn_percent:
        advice = sentence("disk_soon", "Free space soon, or connect the server so that copies can go")
        return Check(_DISK, Health.DOUBTFUL, found, advice)
    return Check(_DISK, Health.GOOD, found)


def _clock(clock: Clock) -> Check:
    if clock.now_us() < RELEASED_US or clock.now_us() > RELEASED_US + 36_500 * MICROS_PER_DAY:
        return Check(
            _CLOCK,
            Health.BAD,
            sentence("clock_off", "the clock is far off"),
            sentence("clock_set", "Set it, and start a time service such as chrony"),
        )
    if not clock.synchronised():
        advice = sentence(
            "clock_service",
            "Start a time service such as chrony; in a container, set `clock_vouched = true` if the host keeps time",
        )
        return Check(_CLOCK, Health.DOUBTFUL, sentence("clock_alone", "no time service keeps this clock"), advice)
    return Check(_CLOCK, Health.GOOD, sentence("clock_kept", "kept by a time service, or vouched for"))


def _video() -> Check:
    missing = [name for name in ("av", "numpy") if importlib.util.find_spec(name) is None]
    if missing:
        return Check(
            _VIDEO,
            Health.BAD,
            sentence("video_missing", "not installed: {names}", names=tuple(missing)),
            sentence("video_install", "Install with `pip install 'tallylight[edge]'`"),
        )
    return Check(_VIDEO, Health.GOOD, sentence("video_good", "recordings can be looked into"))


def _identity(data_dir: Path) -> Generator[Check, None, Identity | None]:
    try:
        identity = load_identity(data_dir)
        key = gateway_key(data_dir)
        load_server_keys(data_dir)
    except NotEnrolledError as error:
        found = sentence("enrolment_none", "{folder} is not enrolled", folder=error.data_dir)
        yield Check(_ENROLMENT, Health.BAD, found, ENROL_ADVICE)
        return None
    except (IdentityUnreadableError, KeyFileError) as error:
        yield Check(
            _ENROLMENT,
            Health.BAD,
            sentence("file_and_why", "{path}: {why}", path=error.path, why=error.why),
            RESTORE_ADVICE,
        )
        return None
    mode = (data_dir / KEY_PATH).stat().st_mode & 0o777
    if mode & 0o077:
        found = sentence("key_open", "others may read it (mode {mode:o})", mode=mode)
        yield Check(_KEY, Health.BAD, found, sentence("key_close", "Run `chmod 600 {path}`", path=data_dir / KEY_PATH))
    else:
        found = sentence("key_good", "{key}..., readable by its owner alone", key=key.key_id[:8])
        yield Check(_KEY, Health.GOOD, found)
    found = sentence("enrolment_good", "{gateway} at {url}", gateway=identity.gateway_id, url=identity.server_url)
    yield Check(_ENROLMENT, Health.GOOD, found)
    return identity


def _journal(data_dir: Path) -> Check:
    path = data_dir / "journal.sqlite3"
    try:
        with reading_journal(path) as rows:
            (verdict,) = rows.execute("PRAGMA quick_check(1)").fetchone()
    except NoJournalError:
        return Check(_JOURNAL, Health.GOOD, sentence("journal_later", "none yet; the first run makes it"))
    except JournalUnusableError as error:
        return Check(_JOURNAL, Health.BAD, error.why, error.advice)
    if verdict != "ok":
        found = sentence("journal_damaged", "it is damaged ({detail})", detail=verdict)
        return Check(_JOURNAL, Health.BAD, found, sentence("journal_backup", "Restore it from the backup"))
    return Check(_JOURNAL, Health.GOOD, sentence("journal_good", "readable and whole"))
