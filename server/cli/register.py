"""What the department says: CSV imports, and accounts of people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from edge.contract.sentences import sentence
from edge.platform.terminal import USAGE
from server.cli.output import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    config_of,
    database_of,
    fail,
    operator,
    print_json,
    print_table,
    terminal,
)

if TYPE_CHECKING:
    from server.usecases.imports.summary import ImportSummary


def import_file(
    kind: str, file: Path, *, dry_run: bool = False, data: DataDir = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    """Import a CSV file; with one bad row nothing is imported.

    Parameters
    ----------
    kind
        units, officers, devices, assignments, duties, dockings, certificates, cases, sites or installations
    """
    from dataclasses import asdict

    from edge.platform.clock import SystemClock
    from server.store.rule_files import load_rules
    from server.usecases.import_register import import_csv

    config = config_of(data)
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(error, USAGE)
    summary = import_csv(
        database_of(config),
        kind,
        content,
        by=operator(),
        now_us=SystemClock().now_us(),
        dry_run=dry_run,
        rules=load_rules(config.rules_file),
    )
    if as_json:
        print_json(asdict(summary))
    else:
        _say_import(summary, file)
    sys.exit(0 if summary.ok else 1)


def add_account(
    name: str,
    *,
    role: str,
    units: str = "",
    officer: str | None = None,
    password_stdin: Annotated[bool, Parameter(negative=())] = False,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Add a person's account and print its first password once. `--units U1,U2` or `'*'` for all.

    Parameters
    ----------
    role
        officer, supervisor, case_officer, custodian, auditor or administrator
    password_stdin
        read the password from the first line of standard input instead of making one
    """
    from edge.platform.clock import SystemClock
    from server.domain.access import Role
    from server.usecases.accounts import add_account as add
    from server.usecases.accounts import random_password

    if role not in set(Role):
        fail(
            sentence("unknown_role", "unknown role {role}: choose one of {known}", role=repr(role), known=tuple(Role)),
            USAGE,
        )
    password = _first_line() if password_stdin else random_password()
    with database_of(config_of(data)).writing() as session:
        add(
            session,
            name=name,
            role=Role(role),
            units=units.split(","),
            password=password,
            by=operator(),
            now_us=SystemClock().now_us(),
            officer_number=officer,
        )
    shown = None if password_stdin else password
    if as_json:
        print_json({"name": name, "role": role, "password": shown})
        return
    terminal.say(sentence("account_added", "Account {name} added.", name=name))
    if shown is not None:
        terminal.say(sentence("password_once", "Password, shown this once: {password}", password=shown))


def _first_line() -> str:
    try:
        return sys.stdin.readline().rstrip("\n")
    except UnicodeDecodeError:
        fail(
            sentence("password_no_text", "the password on standard input is not text in this encoding"),
            USAGE,
        )


def _say_import(summary: ImportSummary, file: Path) -> None:
    if summary.ok:
        values = {
            "file": file.name,
            "rows": summary.rows,
            "encoding": summary.encoding,
            "new": summary.new,
            "changed": summary.changed,
            "unchanged": summary.unchanged,
        }
        if summary.dry_run:
            said = sentence(
                "import_tried",
                "{file}: {rows} rows ({encoding}), would be imported: {new} new, {changed} changed,"
                " {unchanged} unchanged.",
                **values,
            )
        else:
            said = sentence(
                "import_done",
                "{file}: {rows} rows ({encoding}), imported: {new} new, {changed} changed, {unchanged} unchanged.",
                **values,
            )
        terminal.say(said)
    else:
        _say_errors(summary, file)
    if summary.ignored_columns:
        terminal.say(sentence("columns_unused", "Columns not used: {columns}", columns=tuple(summary.ignored_columns)))
    if summary.unknown_numbers:
        numbers = tuple(f"{column} {number}" for column, number in summary.unknown_numbers)
        terminal.say(
            sentence(
                "not_on_register", "Not on any register yet, import it or look for a slip: {numbers}", numbers=numbers
            )
        )


def _say_errors(summary: ImportSummary, file: Path) -> None:
    print_table(
        (
            sentence("head_row", "row"),
            sentence("head_column", "column"),
            sentence("head_wrong", "what is wrong"),
            sentence("head_cell", "cell"),
            sentence("head_do", "what to do"),
        ),
        [(error.row_number, error.column, error.code.sentence, error.text, error.do) for error in summary.errors],
    )
    bad = len(summary.errors) + summary.errors_left_out
    terminal.say(sentence("import_nothing", "{file}: nothing was imported; {bad} bad rows.", file=file.name, bad=bad))
    if summary.errors_left_out:
        terminal.say(sentence("import_more", "{count} more are not shown.", count=summary.errors_left_out))
