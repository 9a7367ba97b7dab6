"""`tallylight-server`: what an administrator types. Exit codes: 0 done, 1 something is wrong, 2 wrong use."""

from __future__ import annotations

import sys
from typing import NoReturn

from cyclopts import App

from server.cli import gateways, register, service
from server.cli.logs import configure_logging
from server.cli.output import fail

app = App(name="tallylight-server", help="The Tallylight server: takes footage in, seals it, judges it, shows it.")
gateway_app = App(name="gateway", help="Gateways: invite, list, revoke.")
account_app = App(name="account", help="Accounts of people.")
app.command(service.init)
app.command(service.run)
app.command(service.doctor)
app.command(service.resume_signing, name="resume-signing")
app.command(register.import_file, name="import")
app.command(gateway_app)
gateway_app.command(gateways.add_gateway, name="add")
gateway_app.command(gateways.list_gateways, name="list")
gateway_app.command(gateways.revoke, name="revoke")
app.command(account_app)
account_app.command(register.add_account, name="add")


def main() -> NoReturn:
    """The command's entry: every foreseen error becomes one sentence, never a stack trace."""
    configure_logging()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except (
        Exception
    ) as error:  # the outermost edge: foreseen errors are told in a sentence, all others shown as they are
        code = exit_code_of(error)
        if code is None:
            raise
        fail(str(error), code)
    sys.exit(0)


def exit_code_of(error: Exception) -> int | None:
    """1 or 2 for an error whose message says what to do; None for one that nobody foresaw."""
    from edge.platform.signing import KeyFileError
    from server.app import CannotStartError
    from server.config import ConfigError
    from server.ingest.broker_service import AdminPasswordError
    from server.store.database import DatabaseUnusableError
    from server.store.rule_files import RuleFileError
    from server.usecases.accounts import AccountRefusedError
    from server.usecases.enrol_gateway import GatewayNameTakenError
    from server.usecases.gateways import UnknownGatewayError
    from server.usecases.imports.summary import ImportRefusedError
    from server.usecases.set_up import DatabaseOfAnotherServerError

    wrong_use = (ConfigError, AdminPasswordError, ImportRefusedError, AccountRefusedError, RuleFileError)
    wrong_state = (
        CannotStartError,
        DatabaseUnusableError,
        KeyFileError,
        DatabaseOfAnotherServerError,
        GatewayNameTakenError,
        UnknownGatewayError,
        PermissionError,
    )
    if isinstance(error, wrong_use):
        return 2
    return 1 if isinstance(error, wrong_state) else None
