"""The one HTTP call of a gateway: its enrolment, over TLS pinned to the fingerprint in the code, or on the loopback."""

from __future__ import annotations

import http.client
import json
import ssl
from urllib.parse import urlsplit

from cryptography import x509
from pydantic import ValidationError

from edge.contract.enrolment import ENROLMENT_PATH, EnrolmentAnswer, EnrolmentRequest
from edge.contract.sentences import Sentence, sentence
from edge.platform.addresses import url_is_loopback
from edge.platform.faults import os_reason
from edge.platform.tls import context_without_trust, key_fingerprint

_TIMEOUT_S = 20.0
_LARGEST_ANSWER_BYTES = 1_000_000
_NO_ADDRESS = sentence("no_address", "not an address such as https://server.example:8443")
_REFUSALS = {
    "unknown_code": sentence("unknown_code", "it did not give out this code"),
    "expired_code": sentence("expired_code", "the code is older than 24 hours"),
    "used_code": sentence("used_code", "the code was used by another key: ask who used it"),
    "bad_proof": sentence("bad_proof", "the request was not signed by the key it brought"),
    "revoked": sentence("revoked", "this gateway was revoked, and must be added under another name"),
    "key_in_use": sentence("key_in_use", "this folder's key belongs to another gateway: use another data folder"),
}
"""By the `code` of the server's problem details; one that a newer server has is told in the server's words."""


class ServerAddressError(Exception):
    """The address cannot be used; a person gives another."""

    def __init__(self, *, url: str, why: str) -> None:
        super().__init__(sentence("server_address", "{url}: {why}", url=url, why=why))
        self.url, self.why = url, why


class ServerUnreachableError(Exception):
    """Nobody answers there, or not as a Tallylight server would; the same code may be tried again."""

    def __init__(self, *, url: str, why: str) -> None:
        super().__init__(
            sentence(
                "server_unreachable",
                "{url}: {why}. Check the address and that the server runs; the same code can be tried again",
                url=url,
                why=why,
            )
        )
        self.url, self.why = url, why


class ForeignServerError(Exception):
    """The TLS key there is not the one the code names; nothing was sent."""

    def __init__(self, *, url: str) -> None:
        super().__init__(
            sentence(
                "foreign_server",
                "{url}: this is not the server that made the code (its TLS key differs). Nothing was sent. Check the"
                " address; if the server has a new key, get a new code with `tallylight-server gateway add`",
                url=url,
            )
        )
        self.url = url


class EnrolmentRefusedError(Exception):
    """The server does not take the code: wrong, used by another key, or expired."""

    def __init__(self, *, status: int, reason: str) -> None:
        super().__init__(
            sentence(
                "enrolment_refused",
                "the server refused the enrolment: {reason}. Get a new code with `tallylight-server gateway add NAME`",
                reason=reason,
            )
        )
        self.status, self.reason = status, reason


def ask_to_enrol(url: str, request: EnrolmentRequest, *, tls_fingerprint: bytes) -> EnrolmentAnswer:
    """Post the request to the server at `url`; `tls_fingerprint` is SHA-256 over its SubjectPublicKeyInfo.

    Raises ServerAddressError, ServerUnreachableError, ForeignServerError or EnrolmentRefusedError.
    """
    connection = _connection(url)
    path = urlsplit(url).path.rstrip("/") + ENROLMENT_PATH
    try:
        connection.connect()
        _check_pin(connection, url, tls_fingerprint)
        connection.request("POST", path, body=request.model_dump_json(), headers={"Content-Type": "application/json"})
        response = connection.getresponse()
        status, body = response.status, response.read(_LARGEST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise ServerUnreachableError(url=url, why=_no_answer(error)) from error
    finally:
        connection.close()
    if 400 <= status < 500 and status not in {404, 405, 429}:
        raise EnrolmentRefusedError(status=status, reason=_refusal(body))
    if not 200 <= status < 300:
        raise ServerUnreachableError(
            url=url, why=sentence("server_status", "it answered with status {status}", status=status)
        )
    try:
        return EnrolmentAnswer.model_validate_json(body)
    except ValidationError as error:
        raise ServerUnreachableError(
            url=url, why=sentence("server_not_tallylight", "it does not answer as a Tallylight server does")
        ) from error


def _connection(url: str) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(url)
    except ValueError as error:  # a bracket that is never closed
        raise ServerAddressError(url=url, why=_NO_ADDRESS) from error
    try:
        port = parts.port
    except ValueError as error:
        raise ServerAddressError(
            url=url, why=sentence("server_port", "the port is no number from 1 to 65535")
        ) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ServerAddressError(url=url, why=_NO_ADDRESS)
    if parts.scheme == "http" and not url_is_loopback(url):
        raise ServerAddressError(
            url=url,
            why=sentence(
                "server_plain", "http:// is not encrypted and serves on this machine alone: use https:// in its place"
            ),
        )
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, port or 80, timeout=_TIMEOUT_S)
    return http.client.HTTPSConnection(parts.hostname, port or 443, timeout=_TIMEOUT_S, context=context_without_trust())


def _check_pin(connection: http.client.HTTPConnection, url: str, tls_fingerprint: bytes) -> None:
    if not isinstance(connection.sock, ssl.SSLSocket):
        return
    certificate = connection.sock.getpeercert(binary_form=True)
    if certificate is None:
        raise ForeignServerError(url=url)
    if key_fingerprint(x509.load_der_x509_certificate(certificate)) != tls_fingerprint:
        raise ForeignServerError(url=url)


def _no_answer(error: OSError | http.client.HTTPException) -> Sentence:
    if isinstance(error, http.client.HTTPException):  # first: a connection that ends without a word is an OSError too
        why: str = sentence("no_http", "what answers does not speak HTTP, or wants it encrypted: try https://")
    else:
        why = os_reason(error)
    return sentence("no_answer", "no answer ({why})", why=why)


def _refusal(body: bytes) -> str:
    """Why the server refused: by the code of its problem details, else in its own words; never more than a line."""
    try:
        problem = json.loads(body)
        code, said = problem.get("code"), problem.get("detail") or problem.get("title") or ""
    except (ValueError, AttributeError):
        code, said = None, ""
    known = _REFUSALS.get(code) if isinstance(code, str) else None
    return known or str(said)[:300].strip().rstrip(".") or sentence("no_reason", "no reason given")
