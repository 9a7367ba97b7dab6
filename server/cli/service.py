"""The server itself: make its data folder, run it, look for what is wrong."""

from __future__ import annotations

import sys

from server.cli.output import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    config_of,
    database_of,
    operator,
    out,
    print_json,
    print_table,
)


def init(*, data: DataDir = DEFAULT_DATA, port: int | None = None) -> None:
    """Make a data folder: settings, keys and database. What is there already stays as it is."""
    from edge.platform.clock import SystemClock
    from server.usecases.set_up import set_up

    done = set_up(data.absolute(), now_us=SystemClock().now_us(), port=port)
    made = "made" if done.made_config or done.made_keys else "was there already; nothing was changed"
    out().print(f"Data folder {data.absolute()} {made}.", soft_wrap=True)
    out().print(f"Settings: {done.config_path}. The folder `keys` beside it is part of every backup.", soft_wrap=True)
    out().print("Next: `tallylight-server account add NAME --role administrator --units '*'`, then `run`.")


def run(*, data: DataDir = DEFAULT_DATA) -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    from server.app import run as run_server

    run_server(config_of(data))


def doctor(*, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Look for what is wrong, and say what to do."""
    from server.usecases.examine import examine

    checks = examine(data.absolute())
    if as_json:
        print_json([{"what": check.what, "ok": check.ok, "detail": check.detail, "do": check.do} for check in checks])
    else:
        print_table(
            ("", "what", "how it is", "what to do"),
            [("ok" if check.ok else "WRONG", check.what, check.detail, check.do) for check in checks],
        )
    sys.exit(0 if all(check.ok for check in checks) else 1)


def resume_signing(*, reason: str, data: DataDir = DEFAULT_DATA) -> None:
    """Decide that the server signs again although its history is not complete; the reason is put on record."""
    from edge.platform.clock import SystemClock
    from server.usecases.signing_state import resume_signing as resume

    stood = resume(database_of(config_of(data)), by=operator(), reason=reason, now_us=SystemClock().now_us())
    for line in stood or ["nothing stood against signing; nothing was changed"]:
        out().print(line, soft_wrap=True)
