"""The command `tallylight-edge`. Heavy imports stay inside the commands, so that `--help` is quick.

Exit codes: 0 in order, 1 something is wrong, 2 wrong usage or settings, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from edge.contract.sentences import sentence
from edge.local.camera_commands import check_calibration, commission
from edge.local.keeping_commands import reconcile
from edge.local.speaking import DEFAULT_DATA, PROGRAM, complaining, settings_in, terminal
from edge.platform.terminal import (
    IN_ORDER,
    USAGE,
    WRONG,
    UnknownLanguageError,
    empty_word,
    run_command,
    usage_complaint,
)

_PURPOSE = sentence("purpose", "Brings recordings from a gateway to the server, checked and receipted.")
_LANG_HELP = "`--lang zh-CN` or `--lang en` with any command; without it the setting `language`, else the locale."


def main() -> None:
    """Entry point."""
    sys.exit(run_command(lambda: execute(sys.argv[1:]), complain=terminal.complain))


def execute(words: Sequence[str]) -> int:
    """Run one command; its exit code. The overview needs no argument parser, which takes longer to load than to use."""
    with complaining(UnknownLanguageError, code=USAGE):
        words = terminal.choose(words)
    if (empty := empty_word(words, program=PROGRAM)) is not None:
        terminal.complain(empty)
        return USAGE
    if words in ([], ["--help"], ["-h"]):
        print(_overview())
        return IN_ORDER
    from cyclopts import App, CycloptsError, Parameter

    from edge.platform.version import software_version

    app = App(
        name=PROGRAM,
        help=_PURPOSE,
        help_epilogue=_LANG_HELP,
        version=software_version,
        default_parameter=Parameter(consume_multiple=True),
    )
    for command in _COMMANDS:
        app.command(command)
    try:
        code = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        terminal.complain(usage_complaint(error, program=PROGRAM))
        return USAGE
    return code if isinstance(code, int) else IN_ORDER


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
    from edge.platform.settings import ConfigError

    with complaining(SettingsExistError, ConfigError, code=USAGE), complaining(OSError):
        path = write_settings(data, source)
    terminal.say(sentence("init_settings", "Settings: {path}", path=path))
    if source is None:
        terminal.say(sentence("init_source", "Add the folder to watch in its [[sources]] block."))
    elif not source.is_dir():
        terminal.say(sentence("init_no_folder", "Mind that {folder} does not exist yet.", folder=source))
    terminal.say(sentence("init_next", "Next: tallylight-edge enrol URL CODE --data {data}", data=data))
    return IN_ORDER


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
        complaining(NotAnEnrolmentCodeError, ServerAddressError, code=USAGE),
        complaining(ServerUnreachableError, ForeignServerError, EnrolmentRefusedError),
        complaining(AnswerUnusableError, OtherGatewayError, KeyFileError, IdentityUnreadableError, OSError),
    ):
        identity = enrol_gateway(data, url, code, now_us=SystemClock().now_us())
    gateway, broker = identity.gateway_id, identity.broker.url
    terminal.say(sentence("enrolled", "Enrolled as {gateway}; its broker is {broker}.", gateway=gateway, broker=broker))
    terminal.say(sentence("enrolled_next", "Next: tallylight-edge run --data {data}", data=data))
    return IN_ORDER


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
    from edge.platform.large_blocks import keep_large_blocks
    from edge.platform.logs import configure_logs
    from edge.platform.signing import KeyFileError
    from edge.storage.identity import IdentityUnreadableError, NotEnrolledError
    from edge.storage.journal_errors import JournalFullError, JournalInUseError, JournalUnusableError

    settings = settings_in(data, config)
    configure_logs()
    keep_large_blocks()
    with (
        complaining(NotEnrolledError, ForeignBrokerError, IdentityUnreadableError, KeyFileError, code=USAGE),
        complaining(JournalInUseError, JournalFullError, JournalUnusableError, OSError),
    ):
        agent = Agent(settings, SystemClock(vouched=settings.clock_vouched))
    agent.stop_on_signals()
    broken = agent.run()
    if broken:
        terminal.complain(broken)
        return WRONG
    return IN_ORDER


def inspect(*paths: Path, json: bool = False, strict: bool = False, config: Path | None = None) -> int:
    """Look into recordings without taking them over: container, times, faults, gaps. Files are only read.

    It ends with 0 whatever is found, since that is what was asked for; with --strict only where all is whole.

    Parameters
    ----------
    paths
        Files and folders.
    json
        One JSON object instead of the table.
    strict
        End with 1 when a file is damaged or unreadable, or a statement or folder beside them cannot be read.
    config
        A settings file; names and times are then read as its first source says, zones and limits as its gateway's
        register says, with as many workers as it sets.
    """
    from rich.console import Console

    from edge.devices.folder import SourceMissingError
    from edge.local.inspect_command import run_inspect
    from edge.platform.clock import SystemClock
    from edge.platform.logs import silence_logs
    from edge.storage.journal_errors import JournalUnusableError
    from edge.workers.clip_facts import SourceReading

    if not paths:
        terminal.complain(sentence("inspect_what", "name at least one file or folder to look into"))
        return USAGE
    silence_logs()
    settings = None if config is None else settings_in(DEFAULT_DATA, config)
    sources = () if settings is None else settings.sources
    reading = SourceReading.of(sources[0]) if sources else SourceReading.usual()
    with complaining(SourceMissingError, code=USAGE), complaining(JournalUnusableError):
        report = run_inspect(
            paths,
            as_json=json,
            reading=reading,
            clock=SystemClock(),
            output=Console(),
            progress=Console(stderr=True),
            language=terminal.language,
            workers=0 if settings is None else settings.inspection_workers,
            data_dir=None if settings is None else settings.data_dir,
        )
    return WRONG if strict and not report.is_in_order else IN_ORDER


def status(*, data: Path = DEFAULT_DATA, config: Path | None = None, json: bool = False) -> int:
    """Show devices, what waits, what is wrong, preliminary gaps and the last receipt.

    Parameters
    ----------
    data
        The data folder of `init`.
    config
        The settings file; without it edge.toml in the data folder.
    json
        One JSON object instead of the table.
    """
    from edge.local.status_facts import read_status, status_json
    from edge.platform.clock import SystemClock
    from edge.storage.identity import IdentityUnreadableError
    from edge.storage.journal_errors import JournalUnusableError

    settings = settings_in(data, config)
    with complaining(IdentityUnreadableError, JournalUnusableError, OSError):
        folders = [source.folder for source in settings.sources]
        facts = read_status(settings.data_dir, now_us=SystemClock().now_us(), folders=folders, config=settings)
    if json:
        terminal.say_json(status_json(facts), indent=1)
    else:
        from zoneinfo import ZoneInfo

        from rich.console import Console

        from edge.local.status_view import show_status

        zone = ZoneInfo(settings.shown_time_zone)
        show_status(facts, Console(), terminal.language, zone)
    return IN_ORDER if facts.agent is not None and facts.agent.control == "connected" else WRONG


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
    from edge.local.checks import Health
    from edge.local.doctor import examine
    from edge.local.doctor_view import show_check
    from edge.platform.clock import SystemClock
    from edge.platform.logs import silence_logs

    silence_logs()
    settings, sound = settings_in(data, config), True
    for check in examine(settings, SystemClock(vouched=settings.clock_vouched)):
        sound = sound and check.health is not Health.BAD
        if json:
            terminal.say_json(check.as_json())
        else:
            show_check(check, terminal.language)
    return IN_ORDER if sound else WRONG


_COMMANDS = (init, enrol, run, inspect, status, doctor, reconcile, commission, check_calibration)
_PURPOSES = {
    command.__name__: sentence(f"command_{command.__name__}", (command.__doc__ or "").splitlines()[0])
    for command in _COMMANDS
}


def _overview() -> str:
    """The commands with the first sentence of each; the rest stands in `COMMAND --help`."""
    usage = sentence(
        "overview_usage",
        "Usage: tallylight-edge COMMAND [OPTIONS]; tallylight-edge COMMAND --help explains each.",
    )
    version = sentence("overview_version", "Print the version.")
    language = sentence("overview_lang", "zh-CN or en; without it the setting `language`, else the locale.")
    lines = [f"  {name.replace('_', '-'):<19}{terminal.told(purpose)}" for name, purpose in _PURPOSES.items()]
    options = [f"  {'--version':<19}{terminal.told(version)}", f"  {'--lang':<19}{terminal.told(language)}"]
    return "\n".join([terminal.told(usage), "", terminal.told(_PURPOSE), "", *lines, "", *options, ""])
