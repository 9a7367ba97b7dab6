"""Local accounts: argon2id, no default password, every change an act."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edge.contract.sentences import sentence
from server.domain.access import Role
from server.store.act_log import append_act
from server.store.tables import Account, SignIn

PASSWORD_MIN_CHARACTERS = 12
PASSWORD_MAX_CHARACTERS = 256
HASHES_AT_ONCE = 2
HASH_WAIT_S = 10.0
_NAME = re.compile(r"[\w.@+-]{2,64}")

# 19 MiB, two passes, one lane. Source: OWASP Password Storage Cheat Sheet, argon2id.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_HASHING = threading.BoundedSemaphore(HASHES_AT_ONCE)


class AccountRefusedError(ValueError):
    """The account cannot be made or changed so; whoever typed it corrects the named part."""

    def __init__(self, *, part: str, why: str) -> None:
        super().__init__(sentence("account", "{part}: {why}", part=part, why=why))
        self.part, self.why = part, why


class TooManyHashesError(Exception):
    """More sign-ins at once than memory is set aside for; try again in a moment."""

    def __init__(self) -> None:
        super().__init__("too many sign-ins at this moment: try again in a few seconds")


def random_password() -> str:
    """A password to print once: 120 random bits in groups that can be read aloud."""
    text = secrets.token_hex(15)
    return "-".join(text[start : start + 6] for start in range(0, len(text), 6))


def add_account(
    session: Session,
    *,
    name: str,
    role: Role,
    units: Iterable[str],
    password: str,
    by: str,
    now_us: int,
    officer_number: str | None = None,
) -> Account:
    """A new account in the caller's writing transaction, with its act. `units` may be `*` alone: all units.

    Raises AccountRefusedError for a bad or taken name, a weak password, an officer's account without its number, or
    units that are missing or hold a comma.
    """
    unit_numbers = list(dict.fromkeys(unit.strip() for unit in units if unit.strip()))
    _check_account(session, name, role, unit_numbers, officer_number)
    account = Account(
        name=name,
        password_hash=password_hash(password),
        role=role.value,
        unit_numbers=",".join(unit_numbers),
        officer_number=officer_number,
        language=None,
    )
    session.add(account)
    data = {"role": role.value, "units": unit_numbers, "officer": officer_number}
    append_act(session, at_us=now_us, actor=by, verb="add", subject_kind="account", subject_id=name, data=data)
    return account


def set_password(session: Session, *, name: str, password: str, by: str, now_us: int) -> None:
    """A new password; all sessions of the account end. Raises AccountRefusedError."""
    account = session.get(Account, name)
    if account is None:
        raise AccountRefusedError(part="name", why=sentence("no_account", "there is no such account"))
    account.password_hash = password_hash(password)
    end_sessions(session, name, now_us)
    append_act(session, at_us=now_us, actor=by, verb="set_password", subject_kind="account", subject_id=name, data={})


def disable_account(session: Session, *, name: str, by: str, now_us: int) -> None:
    """No sign-in any more, and all its sessions end. Raises AccountRefusedError."""
    account = session.get(Account, name)
    if account is None:
        raise AccountRefusedError(part="name", why=sentence("no_account", "there is no such account"))
    account.disabled = True
    end_sessions(session, name, now_us)
    append_act(session, at_us=now_us, actor=by, verb="disable", subject_kind="account", subject_id=name, data={})


def end_sessions(session: Session, name: str, now_us: int) -> None:
    """End every session of the account."""
    open_ones = SignIn.account_name == name, SignIn.ended_us.is_(None)
    session.execute(update(SignIn).where(*open_ones).values(ended_us=now_us))


def account_names(session: Session) -> list[str]:
    """All accounts, by name."""
    return list(session.scalars(select(Account.name).order_by(Account.name)))


def password_hash(password: str) -> str:
    """The argon2id hash in PHC form. Raises AccountRefusedError for a password too short or too long."""
    if not PASSWORD_MIN_CHARACTERS <= len(password) <= PASSWORD_MAX_CHARACTERS:
        raise AccountRefusedError(
            part="password",
            why=sentence(
                "password_length",
                "use {least} to {most} characters",
                least=PASSWORD_MIN_CHARACTERS,
                most=PASSWORD_MAX_CHARACTERS,
            ),
        )
    with _one_of_few():
        return _HASHER.hash(password)


def password_fits(stored_hash: str | None, password: str) -> bool:
    """Whether the password is the account's. Takes as long where there is no account (`stored_hash` None).

    Raises TooManyHashesError.
    """
    with _one_of_few():
        nobodys_hash = _nobodys_hash()  # made by the first who signs in, whoever that is
        try:
            _HASHER.verify(stored_hash or nobodys_hash, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
    return stored_hash is not None


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))


@contextmanager
def _one_of_few() -> Iterator[None]:
    """Each hash takes 19 MiB: a flood of sign-ins must not take the memory of the ingest."""
    if not _HASHING.acquire(timeout=HASH_WAIT_S):
        raise TooManyHashesError
    try:
        yield
    finally:
        _HASHING.release()


def _check_account(session: Session, name: str, role: Role, units: list[str], officer_number: str | None) -> None:
    if _NAME.fullmatch(name) is None:
        raise AccountRefusedError(part="name", why=sentence("account_name", "use 2 to 64 letters, digits or . _ @ + -"))
    if session.get(Account, name) is not None:
        raise AccountRefusedError(part="name", why=sentence("account_exists", "an account of this name exists already"))
    if any("," in unit for unit in units):
        raise AccountRefusedError(part="units", why=sentence("unit_comma", "a unit number must not hold a comma"))
    if role is Role.OFFICER and not officer_number:
        raise AccountRefusedError(
            part="officer", why=sentence("officer_number", "an account of the role officer needs its officer number")
        )
    if role not in (Role.OFFICER, Role.ADMINISTRATOR) and not units:
        raise AccountRefusedError(
            part="units", why=sentence("account_units", "name the units this account may see, or * for all")
        )
