"""The server itself: make its data folder, run it, look for what is wrong."""

from __future__ import annotations

import sys

from edge.contract.sentences import sentence
from server.cli.output import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    config_of,
    database_of,
    operator,
    print_json,
    print_table,
    terminal,
)

_GOOD, _WRONG = sentence("check_good", "ok"), sentence("check_wrong", "WRONG")


def init(
    *, name: tuple[str, ...] = (), data: DataDir = DEFAULT_DATA, port: int | None = None, as_json: AsJson = False
) -> None:
    """Make a data folder: settings, keys and database. What is there already stays as it is.

    With `--name HOST` the server is reached from other machines under that name or address, over TLS alone; more than
    one may be given. Without it only this machine reaches it.
    """
    from edge.platform.clock import SystemClock
    from server.usecases.set_up import set_up

    done = set_up(data.absolute(), now_us=SystemClock().now_us(), port=port, names=name)
    folder = data.absolute()
    if name and not done.made_config:
        terminal.complain(
            sentence(
                "names_not_set",
                "The settings were there already: to be reached under another name, set `tls.names`, `http.host` and "
                "`broker.embedded_host` in {path}.",
                path=done.config_path,
            )
        )
    if as_json:
        made = done.made_config or done.made_keys
        print_json({"folder": str(folder), "settings": str(done.config_path), "made": made})
        return
    if done.made_config or done.made_keys:
        terminal.say(sentence("folder_made", "Data folder {folder} made.", folder=folder))
    else:
        terminal.say(
            sentence("folder_there", "Data folder {folder} was there already; nothing was changed.", folder=folder)
        )
    terminal.say(
        sentence(
            "settings_at",
            "Settings: {path}. The folder `keys` beside it is part of every backup.",
            path=done.config_path,
        )
    )
    terminal.say(
        sentence(
            "init_next",
            "Next: `tallylight-server account add NAME --role administrator --units '*' --data {folder}`, then `run`.",
            folder=data,
        )
    )


def run(*, data: DataDir = DEFAULT_DATA) -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    from server.app import run as run_server

    run_server(config_of(data))


def doctor(*, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Look for what is wrong, and say what to do."""
    from server.usecases.examine import examine

    checks = examine(data.absolute())
    if as_json:
        print_json([check.as_json() for check in checks])
    else:
        print_table(
            (
                "",
                sentence("head_what", "what"),
                sentence("head_how", "how it is"),
                sentence("head_do", "what to do"),
            ),
            [(_GOOD if check.ok else _WRONG, check.what, check.detail, check.do) for check in checks],
        )
    sys.exit(0 if all(check.ok for check in checks) else 1)


def resume_signing(*, reason: str, data: DataDir = DEFAULT_DATA) -> None:
    """Decide that the server signs again although its history is not complete; the reason is put on record."""
    from edge.platform.clock import SystemClock
    from server.usecases.signing_state import resume_signing as resume

    stood = resume(database_of(config_of(data)), by=operator(), reason=reason, now_us=SystemClock().now_us())
    for line in stood or [sentence("nothing_stood", "nothing stood against signing; nothing was changed")]:
        terminal.say(line)
