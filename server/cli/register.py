"""What the department says: CSV imports, and accounts of people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from server.cli.output import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    config_of,
    database_of,
    fail,
    operator,
    out,
    print_json,
    print_table,
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
        fail(f"{file}: cannot be read ({error.strerror})", 2)
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
        fail(f"unknown role {role!r}: choose one of {', '.join(Role)}", 2)
    password = sys.stdin.readline().rstrip("\n") if password_stdin else random_password()
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
    out().print(f"Account {name} added.")
    if shown is not None:
        out().print(f"Password, shown this once: {shown}", soft_wrap=True)


def _say_import(summary: ImportSummary, file: Path) -> None:
    told = "would be imported" if summary.dry_run else "imported"
    if summary.ok:
        out().print(
            f"{file.name}: {summary.rows} rows ({summary.encoding}), {told}: {summary.new} new, "
            f"{summary.changed} changed, {summary.unchanged} unchanged."
        )
    else:
        print_table(
            ("row", "column", "what is wrong", "cell", "what to do"),
            [(error.row_number, error.column, error.code.value, error.text, error.do) for error in summary.errors],
        )
        left_out = f", {summary.errors_left_out} more are not shown" if summary.errors_left_out else ""
        out().print(f"{file.name}: nothing was imported; {len(summary.errors)} bad rows{left_out}.")
    if summary.ignored_columns:
        out().print(f"Columns not used: {', '.join(summary.ignored_columns)}")
    if summary.unknown_numbers:
        named = ", ".join(f"{column} {number}" for column, number in summary.unknown_numbers)
        out().print(f"Not on any register yet, import it or look for a slip: {named}")
