"""Signing in and out. The token is shown once to the browser; the database keeps only its SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy.orm import Session

from edge.contract.instants import MICROS_PER_HOUR, MICROS_PER_SECOND
from server.domain.access import Scope
from server.store.act_log import append_act
from server.store.database import Database
from server.store.tables import Account, SignIn
from server.usecases.accounts import password_fits
from server.usecases.scopes import scope_of
from server.usecases.sign_in_limits import SignInLimits

TOUCH_EVERY_US = 60 * MICROS_PER_SECOND
_TOKEN_MAX_CHARACTERS = 128


class SignInRefusedError(Exception):
    """Name or password is wrong, or the account is closed: the same words for all, so that no name can be tried out."""

    def __init__(self) -> None:
        super().__init__("the name or the password is not right")


class NotSignedInError(Exception):
    """There is no session, or it has ended; the person signs in again."""

    def __init__(self) -> None:
        super().__init__("sign in first")


class ForgeryRefusedError(Exception):
    """The form or request carries no or another session's token; the person loads the page again."""

    def __init__(self) -> None:
        super().__init__("this form is too old or did not come from this site: load the page again and repeat it")


@dataclass(frozen=True, slots=True)
class SessionLife:
    """How long a session lives: unused, and at all. Source: `http.sign_in_*` of the settings."""

    idle_us: int = 30 * 60 * MICROS_PER_SECOND
    longest_us: int = 12 * MICROS_PER_HOUR


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session: who, with what in view, and the token each of its forms must carry."""

    scope: Scope
    token_sha256: str
    csrf_token: str

    def check_csrf(self, given: str | None) -> None:
        """Raises ForgeryRefusedError unless `given` is this session's token."""
        if given is None or not hmac.compare_digest(given.encode(), self.csrf_token.encode()):
            raise ForgeryRefusedError


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the browser gets."""

    token: str
    signed_in: SignedIn


def sign_in(db: Database, limits: SignInLimits, *, name: str, password: str, address: str, now_us: int) -> NewSession:
    """A new session, durable with its act.

    Raises SignInRefusedError, TooManyAttemptsError or TooManyHashesError.
    """
    limits.attempt(name, address, now_us)
    with db.reading() as session:
        account = session.get(Account, name)
        stored_hash = None if account is None or account.disabled else account.password_hash
    if not password_fits(stored_hash, password):
        raise SignInRefusedError
    token = secrets.token_urlsafe(32)
    with db.writing() as session:
        account = session.get(Account, name)
        if account is None or account.disabled or account.password_hash != stored_hash:
            raise SignInRefusedError  # closed or changed while the password was looked at
        row = SignIn(
            token_sha256=token_sha256(token),
            account_name=name,
            csrf_token=secrets.token_urlsafe(32),
            created_us=now_us,
            last_used_us=now_us,
        )
        session.add(row)
        append_act(session, at_us=now_us, actor=name, verb="sign_in", subject_kind="account", subject_id=name, data={})
        scope = scope_of(session, account, now_us=now_us)
    limits.succeeded(name, address)
    return NewSession(token, SignedIn(scope, row.token_sha256, row.csrf_token))


def session_of(db: Database, token: str | None, life: SessionLife, now_us: int) -> SignedIn:
    """The live session of a token. Raises NotSignedInError: no token, ended, idle too long, too old, account closed."""
    if not token or len(token) > _TOKEN_MAX_CHARACTERS:
        raise NotSignedInError
    with db.reading() as session:
        row, account = _live_row(session, token_sha256(token), life, now_us)
        signed_in = SignedIn(scope_of(session, account, now_us=now_us), row.token_sha256, row.csrf_token)
        stale = now_us - row.last_used_us >= TOUCH_EVERY_US
    if stale:
        with db.writing() as session:
            row, _ = _live_row(session, signed_in.token_sha256, life, now_us)
            row.last_used_us = max(row.last_used_us, now_us)
    return signed_in


def sign_out(db: Database, signed_in: SignedIn, now_us: int) -> None:
    """End the session, with its act."""
    name = signed_in.scope.account
    with db.writing() as session:
        row = session.get(SignIn, signed_in.token_sha256)
        if row is not None and row.ended_us is None:
            row.ended_us = now_us
            append_act(
                session, at_us=now_us, actor=name, verb="sign_out", subject_kind="account", subject_id=name, data={}
            )


def token_sha256(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _live_row(session: Session, token_hash: str, life: SessionLife, now_us: int) -> tuple[SignIn, Account]:
    row = session.get(SignIn, token_hash)
    if row is None or row.ended_us is not None:
        raise NotSignedInError
    if now_us - row.last_used_us >= life.idle_us or now_us - row.created_us >= life.longest_us:
        raise NotSignedInError
    account = session.get(Account, row.account_name)
    if account is None or account.disabled:
        raise NotSignedInError
    return row, account
