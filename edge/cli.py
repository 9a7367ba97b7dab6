"""The command `tallylight-edge`. Heavy imports stay inside the commands, so that `--help` is quick.

Exit codes: 0 in order, 1 something is wrong, 2 wrong usage or settings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.config import EdgeConfig

DEFAULT_DATA = Path("edge-data")
_IN_ORDER, _WRONG, _USAGE = 0, 1, 2
_PURPOSE = "Brings recordings from a gateway to the server, checked and receipted."


def main() -> None:
    """Entry point. The overview is printed without the argument parser, which takes longer to load than to use."""
    if sys.argv[1:] in ([], ["--help"], ["-h"]):
        print(_overview())
        return
    from cyclopts import App, CycloptsError

    from edge.platform.version import software_version

    app = App(name="tallylight-edge", help=_PURPOSE, version=software_version)
    for command in _COMMANDS:
        app.command(command)
    try:
        app(exit_on_error=False)
    except CycloptsError:  # it has told the person what is wrong with the arguments
        sys.exit(_USAGE)


def init(*, data: Path = DEFAULT_DATA, source: Path | None = None) -> int:
    """Make the data folder with a settings file in which every setting is explained.

    Parameters
    ----------
    data
        The data folder: settings, journal, key, landing copies.
    source
        A folder of recordings to watch. It is only read; nothing in it is ever changed or deleted.
    """
    from edge.local.settings_file import SettingsExistError, write_settings

    with _told(SettingsExistError, code=_USAGE):
        path = write_settings(data, source)
        print(f"Settings: {path}")
        if source is None:
            print("Add the folder to watch in its [[sources]] block.")
        elif not source.is_dir():
            print(f"Mind that {source} does not exist yet.")
        print(f"Next: tallylight-edge enrol URL CODE --data {data}")
    return _IN_ORDER


def enrol(url: str, code: str, /, *, data: Path = DEFAULT_DATA) -> int:
    """Join a server with a code of `tallylight-server gateway add NAME`. The same code can be repeated here.

    Parameters
    ----------
    url
        The server's address.
    code
        The enrolment code, TL1-...
    data
        The data folder of `init`.
    """
    from edge.contract.enrolment import NotAnEnrolmentCodeError
    from edge.local.enrolment import AnswerUnusableError, OtherGatewayError
    from edge.local.enrolment import enrol as enrol_gateway
    from edge.platform.clock import SystemClock
    from edge.platform.signing import KeyFileError
    from edge.storage.identity import IdentityUnreadableError
    from edge.transport.enrolment_call import (
        EnrolmentRefusedError,
        ForeignServerError,
        ServerAddressError,
        ServerUnreachableError,
    )

    with (
        _told(NotAnEnrolmentCodeError, ServerAddressError, code=_USAGE),
        _told(ServerUnreachableError, ForeignServerError, EnrolmentRefusedError),
        _told(AnswerUnusableError, OtherGatewayError, KeyFileError, IdentityUnreadableError, OSError),
    ):
        identity = enrol_gateway(data, url, code, now_us=SystemClock().now_us())
        print(f"Enrolled as {identity.gateway_id}; its broker is {identity.broker.url}.")
        print(f"Next: tallylight-edge run --data {data}")
    return _IN_ORDER


def run(*, data: Path = DEFAULT_DATA, config: Path | None = None) -> int:
    """Watch, check, upload, until SIGTERM or Ctrl-C. Logs are JSON lines on standard error.

    Parameters
    ----------
    data
        The data folder of `init`.
    config
        The settings file; without it edge.toml in the data folder.
    """
    from edge.agent import Agent, ForeignBrokerError
    from edge.platform.clock import SystemClock
    from edge.platform.logs import configure_logs
    from edge.platform.signing import KeyFileError
    from edge.storage.identity import IdentityUnreadableError, NotEnrolledError
    from edge.storage.journal import JournalFullError, JournalInUseError, JournalUnusableError

    settings = _settings(data, config)
    configure_logs()
    with (
        _told(NotEnrolledError, ForeignBrokerError, IdentityUnreadableError, KeyFileError, code=_USAGE),
        _told(JournalInUseError, JournalFullError, JournalUnusableError, OSError),
    ):
        agent = Agent(settings, SystemClock(vouched=settings.clock_vouched))
    agent.stop_on_signals()
    broken = agent.run()
    if broken:
        _complain(broken)
        return _WRONG
    return _IN_ORDER


def inspect(*paths: Path, json: bool = False, config: Path | None = None) -> int:
    """Look into recordings without taking them over: container, times, faults, gaps. Files are only read.

    Parameters
    ----------
    paths
        Files and folders.
    json
        One JSON object instead of the table.
    config
        A settings file; names and times are then read as its first source says.
    """
    from rich.console import Console

    from edge.devices.folder import SourceMissingError
    from edge.platform.clock import SystemClock
    from edge.workers.clip_facts import SourceReading
    from edge.workers.inspect_command import run_inspect

    if not paths:
        _complain("name at least one file or folder to look into")
        return _USAGE
    sources = () if config is None else _settings(DEFAULT_DATA, config).sources
    reading = SourceReading.of(sources[0]) if sources else SourceReading.usual()
    with _told(SourceMissingError, code=_USAGE):
        run_inspect(
            paths,
            as_json=json,
            reading=reading,
            clock=SystemClock(),
            output=Console(),
            progress=Console(stderr=True),
        )
    return _IN_ORDER


def status(
    *, data: Path = DEFAULT_DATA, config: Path | None = None, json: bool = False, lang: str | None = None
) -> int:
    """Show devices, what waits, what is wrong, preliminary gaps and the last receipt.

    Parameters
    ----------
    data
        The data folder of `init`.
    config
        The settings file; without it edge.toml in the data folder.
    json
        One JSON object instead of the table.
    lang
        zh-CN or en; without it the setting `language`, else the locale.
    """
    from edge.local.status_facts import read_status, status_json
    from edge.platform.clock import SystemClock
    from edge.storage.identity import IdentityUnreadableError
    from edge.storage.journal import JournalUnusableError

    settings = _settings(data, config)
    if lang not in {None, "zh-CN", "en"}:
        _complain(f"--lang {lang}: known are zh-CN and en")
        return _USAGE
    with _told(IdentityUnreadableError, JournalUnusableError, OSError):
        folders = [source.folder for source in settings.sources]
        facts = read_status(settings.data_dir, now_us=SystemClock().now_us(), folders=folders)
    if json:
        from json import dumps

        print(dumps(status_json(facts), ensure_ascii=False, indent=1))
    else:
        from zoneinfo import ZoneInfo

        from rich.console import Console

        from edge.local.status_view import show_status
        from edge.local.words import language_of

        zone = ZoneInfo(settings.sources[0].time_zone if settings.sources else "Asia/Shanghai")
        show_status(facts, Console(), language_of(lang or settings.language), zone)
    return _IN_ORDER if facts.agent is not None and facts.agent.control == "connected" else _WRONG


def doctor(*, data: Path = DEFAULT_DATA, config: Path | None = None, json: bool = False) -> int:
    """Check configuration, folders, disk, clock, key, journal and broker; say what is wrong and what to do.

    Parameters
    ----------
    data
        The data folder of `init`.
    config
        The settings file; without it edge.toml in the data folder.
    json
        One JSON object per check.
    """
    from dataclasses import asdict
    from json import dumps

    from rich.console import Console
    from rich.text import Text

    from edge.local.checks import Health
    from edge.local.doctor import examine
    from edge.platform.clock import SystemClock
    from edge.platform.logs import silence_logs

    silence_logs()
    settings = _settings(data, config)
    marks = {Health.GOOD: ("ok  ", "green"), Health.DOUBTFUL: ("mind", "yellow"), Health.BAD: ("BAD ", "bold red")}
    console, sound = Console(highlight=False), True
    for check in examine(settings, SystemClock(vouched=settings.clock_vouched)):
        sound = sound and check.health is not Health.BAD
        if json:
            print(dumps(asdict(check), ensure_ascii=False))
            continue
        mark, style = marks[check.health]
        console.print(Text.assemble((mark, style), f"  {check.subject}: {check.found}"), soft_wrap=True)
        if check.advice:
            console.print(Text(f"      {check.advice}", "dim" if check.health is Health.GOOD else ""), soft_wrap=True)
    return _IN_ORDER if sound else _WRONG


_COMMANDS = (init, enrol, run, inspect, status, doctor)


def _overview() -> str:
    """The commands with the first sentence of each; the rest stands in `COMMAND --help`."""
    lines = [f"  {command.__name__:<9}{(command.__doc__ or '').splitlines()[0]}" for command in _COMMANDS]
    usage = "Usage: tallylight-edge COMMAND [OPTIONS]; tallylight-edge COMMAND --help explains each.\n"
    return "\n".join([usage, _PURPOSE, "", *lines, "", "  --version  Print the version.", ""])


def _settings(data: Path, config: Path | None) -> EdgeConfig:
    from edge.config import CONFIG_NAME, load_config
    from edge.platform.settings import ConfigError

    with _told(ConfigError, code=_USAGE):
        return load_config(config or data / CONFIG_NAME)


@contextmanager
def _told(*errors: type[Exception], code: int = _WRONG) -> Iterator[None]:
    """Turn an error a person can act on into its message and an exit code; any other is a fault of the program."""
    try:
        yield
    except errors as error:
        _complain(str(error))
        sys.exit(code)


def _complain(message: str) -> None:
    print(f"tallylight-edge: {message}", file=sys.stderr)
