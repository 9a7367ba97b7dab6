"""How the commands speak, and what they open: tables for people, JSON for programs, one sentence for an error."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.console import Console

    from server.config import ServerConfig
    from server.store.database import Database

DataDir = Annotated[Path, Parameter(name=["--data", "-d"], help="the data folder")]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="print JSON")]
DEFAULT_DATA = Path("tallylight-server")


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
    """Who stands in the acts: the machine's user, marked as such."""
    return f"console:{getpass.getuser()}"


def out() -> Console:
    """Standard output, without colours where it is no terminal."""
    from rich.console import Console

    return Console(highlight=False, markup=False)


def print_json(value: Any) -> None:
    """For programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """For people."""
    from rich.table import Table

    table = Table(*head)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    out().print(table)


def fail(message: str, code: int) -> NoReturn:
    """One sentence on standard error, and the exit code: 1 something is wrong, 2 wrong use or settings."""
    complain(message)
    sys.exit(code)


def complain(message: str) -> None:
    """One sentence on standard error."""
    sys.stderr.write(f"tallylight-server: {message}\n")
