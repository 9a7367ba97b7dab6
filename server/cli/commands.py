"""The commands, and what each foreseen error tells and returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from edge.contract.sentences import Sentence, sentence
from edge.platform.terminal import USAGE, WRONG, empty_word, usage_complaint
from server.cli import gateways, keeping, register, service, trust, verify
from server.cli.output import PROGRAM, terminal

app = App(
    name=PROGRAM,
    help="The Tallylight server: takes footage in, seals it, judges it, shows it.",
    help_epilogue="`--lang zh-CN` or `--lang en` with any command; without it the locale's.",
)
gateway_app = App(name="gateway", help="Gateways: invite, list, revoke.")
account_app = App(name="account", help="Accounts of people.")
key_app = App(name="key", help="The key that signs receipts.")
tls_app = App(name="tls", help="Certificate and CA of encrypted connections.")
app.command(service.init)
app.command(service.run)
app.command(service.doctor)
app.command(service.resume_signing, name="resume-signing")
app.command(verify.verify)
app.command(keeping.backup)
app.command(keeping.restore)
app.command(register.import_file, name="import")
app.command(gateway_app)
gateway_app.command(gateways.add_gateway, name="add")
gateway_app.command(gateways.list_gateways, name="list")
gateway_app.command(gateways.revoke, name="revoke")
app.command(account_app)
account_app.command(register.add_account, name="add")
app.command(key_app)
key_app.command(trust.list_keys, name="list")
key_app.command(trust.rotate_key, name="rotate")
app.command(tls_app)
tls_app.command(trust.show_certificate, name="show")
tls_app.command(trust.renew_certificate, name="renew")
tls_app.command(trust.change_ca, name="new-ca")


def execute(words: Sequence[str]) -> int:
    """Run one command; its exit code. Every foreseen error becomes one sentence, never a stack trace."""
    try:
        chosen = terminal.choose(words)
        if (empty := empty_word(chosen, program=PROGRAM)) is not None:
            terminal.complain(empty)
            return WRONG_USE
        app(chosen, exit_on_error=False, print_error=False)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except CycloptsError as error:
        terminal.complain(usage_complaint(error, program=PROGRAM))
        return WRONG_USE
    except BrokenPipeError:
        raise
    except (
        Exception
    ) as error:  # the outermost edge: foreseen errors are told in a sentence, all others shown as they are
        code = exit_code_of(error)
        if code is None:
            raise
        terminal.complain(_complaint(error))
        return code
    return 0


WRONG_STATE, WRONG_USE = WRONG, USAGE
EXIT_CODES = {
    "edge.platform.terminal.UnknownLanguageError": WRONG_USE,
    "edge.platform.settings.ConfigError": WRONG_USE,
    "server.ingest.anonymous_access.AnonymousBrokerError": WRONG_STATE,
    "server.ingest.broker_service.AdminPasswordError": WRONG_USE,
    "server.domain.verification.NotASizeError": WRONG_USE,
    "server.domain.verification.NotAPortionError": WRONG_USE,
    "server.domain.verification.NotAnAmountError": WRONG_USE,
    "server.store.rule_files.RuleFileError": WRONG_USE,
    "server.usecases.accounts.AccountRefusedError": WRONG_USE,
    "server.usecases.imports.summary.ImportRefusedError": WRONG_USE,
    "edge.platform.signing.KeyFileError": WRONG_STATE,
    "server.app.CannotStartError": WRONG_STATE,
    "server.domain.backup.BackupUnusableError": WRONG_STATE,
    "server.usecases.make_backup.DatabaseDamagedError": WRONG_STATE,
    "server.usecases.restore_backup.RestoreRefusedError": WRONG_USE,
    "server.config.RestoreUnfinishedError": WRONG_STATE,
    "server.usecases.set_up.StoreMissingError": WRONG_STATE,
    "server.usecases.setting_paths.SettingNotFoundError": WRONG_STATE,
    "server.store.database.DatabaseUnusableError": WRONG_STATE,
    "server.usecases.enrol_gateway.GatewayNameTakenError": WRONG_STATE,
    "server.usecases.gateways.UnknownGatewayError": WRONG_STATE,
    "server.usecases.folder_lock.AlreadyRunningError": WRONG_STATE,
    "server.usecases.signing_keys.DatabaseOfAnotherServerError": WRONG_STATE,
    "server.usecases.tls_handover.GatewaysLeftBehindError": WRONG_STATE,
    "builtins.OSError": WRONG_STATE,
    "sqlalchemy.exc.DatabaseError": WRONG_STATE,
    "sqlite3.DatabaseError": WRONG_STATE,
}
"""By name, so that telling one error does not load every part of the server."""


def _complaint(error: Exception) -> Exception | Sentence:
    """The error itself; of the database's own errors the reason alone, since their text repeats rows."""
    reason = error if isinstance(error, sqlite3.Error) else getattr(error, "orig", None)
    if reason is None:
        return error
    return sentence(
        "database_error",
        "the database cannot be used ({reason}): look at the room on its disk and at its owner, then run `doctor`",
        reason=str(reason),
    )


def exit_code_of(error: Exception) -> int | None:
    """1 or 2 for an error whose message says what to do; None for one that nobody foresaw."""
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((EXIT_CODES[name] for name in names if name in EXIT_CODES), None)
