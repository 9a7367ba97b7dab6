"""How the commands speak, and what they open: tables for people, JSON for programs, one sentence for an error."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from cyclopts import Parameter

from edge.contract.sentences import Sentence, in_code
from edge.platform.speech import Speech
from server.cli.words import told

if TYPE_CHECKING:
    from server.config import ServerConfig
    from server.store.database import Database

DataDir = Annotated[Path, Parameter(name=["--data", "-d"], help="the data folder")]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="print JSON")]
DEFAULT_DATA = Path("tallylight-server")
PROGRAM = "tallylight-server"
terminal = Speech(PROGRAM, told)
"""The one terminal of this process, and the language it reads."""


def config_of(data: Path) -> ServerConfig:
    """The settings of a data folder. Raises ConfigError."""
    from server.config import load_config

    return load_config(data.absolute())


def database_of(config: ServerConfig) -> Database:
    """The database of a data folder, with its schema brought up to date. Raises DatabaseUnusableError."""
    from server.store.database import Database

    database = Database(config.database_url)
    database.migrate()
    return database


def operator() -> str:
    """Who stands in the acts: the machine's user, marked as such; by number where it has no name, as in a container."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"console:{name}"


def print_json(value: Any) -> None:
    """For programs: sentences become their codes and values."""
    terminal.say_json(_without_language(value), indent=2)


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """For people, without colours where standard output is no terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in head:
        table.add_column(terminal.told(name), overflow="fold")  # a command that is cut short cannot be typed
    for row in rows:
        table.add_row(*(terminal.told(cell) if isinstance(cell, str) else str(cell) for cell in row))
    Console(highlight=False, markup=False).print(table)


def fail(said: str | Exception, code: int) -> NoReturn:
    """One sentence on standard error, and the exit code: 1 something is wrong, 2 wrong use or settings."""
    terminal.complain(said)
    sys.exit(code)


def _without_language(value: Any) -> Any:
    match value:
        case Sentence():
            return in_code(value)
        case dict():
            return {key: _without_language(part) for key, part in value.items()}
        case list() | tuple():
            return [_without_language(part) for part in value]
        case _:
            return value
