"""TLS as both programs speak it: 1.3 alone; whom a connection trusts, and what a person is told where it cannot stand.

Source of the codes: OpenSSL, X509_verify_cert_error_string(3) and X509_VERIFY_PARAM_set_flags(3).
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.contract.sentences import Sentence, sentence

log = structlog.get_logger(__name__)
_NO_TIME_CHECK = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which Python does not name
_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN: what is trusted need not be a CA
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME = frozenset({62, 64})
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"})
_OLD_TLS = frozenset(
    {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "VERSION_TOO_LOW"}
)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the other side of a connection must be.

    `ca_pem`: certificates that count, in PEM; None: those of the system. `checks_time` is False for a machine that
    does not know what time it is; only where `ca_pem` is given, since that names one server and not the whole web.
    """

    ca_pem: str | None = None
    checks_name: bool = True
    checks_time: bool = True

    def context(self) -> ssl.SSLContext:
        """For one connection as a client. Raises ssl.SSLError where `ca_pem` holds no certificate."""
        context = ssl.create_default_context(cadata=self.ca_pem)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = self.checks_name
        if self.ca_pem is not None:
            flags = int(context.verify_flags) | _PARTIAL_CHAIN | (0 if self.checks_time else _NO_TIME_CHECK)
            context.verify_flags = ssl.VerifyFlags(flags)
        return context


SYSTEM_TRUST = Trust()


def context_without_trust() -> ssl.SSLContext:
    """For a client that itself compares the server's key with a fingerprint, which says more than a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class ServedCertificate:
    """A server's certificate and key. Renewed files are taken up at the next connection, without a restart."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises OSError or ssl.SSLError where they cannot be used together."""
        self._files = (certificate, key)
        self._seen = self._stamps()
        self._current = self._load()
        self.listening = self._load()
        self.listening.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _listening: ssl.SSLContext) -> None:
        """OpenSSL asks at every connection, also where the client names nobody."""
        stamps = self._stamps()
        if stamps != self._seen:
            self._seen = stamps
            try:
                self._current = self._load()
                log.info("tls_certificate_taken_up", certificate=str(self._files[0]))
            except (OSError, ssl.SSLError) as error:  # half renewed: the next change is looked at again
                log.warning("tls_certificate_unusable", certificate=str(self._files[0]), why=str(error))
        connection.context = self._current

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(*self._files)
        return context

    def _stamps(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_stamp(path) for path in self._files)


def key_fingerprint(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the certificate's SubjectPublicKeyInfo: 32 bytes, the same for every certificate of one key."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()


def tls_reason(error: ssl.SSLError) -> Sentence:
    """Why no encrypted connection stands, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_reason(error.verify_code)
    if error.reason in _NO_TLS:
        return sentence(
            "tls_none",
            "what listens there does not speak TLS: check port and address (http and mqtt are not encrypted)",
        )
    if error.reason in _OLD_TLS:
        return sentence("tls_old", "it speaks only TLS older than 1.3: renew its software or its settings")
    return sentence("tls_failed", "the encrypted connection failed ({reason})", reason=error.reason or "TLS")


def _certificate_reason(code: int) -> Sentence:
    if code == _EXPIRED:
        return sentence(
            "tls_expired",
            "its certificate has expired, or this machine's clock is ahead: look at the clock, then run"
            " `tallylight-server tls renew` there",
        )
    if code == _NOT_YET_VALID:
        return sentence("tls_not_yet", "its certificate is not valid yet: one of the two clocks is wrong, set it")
    if code in _OTHER_NAME:
        return sentence(
            "tls_other_name",
            "its certificate is for another name or address: use the one it names, or add this one to `tls.names` of"
            " the server",
        )
    if code in _UNKNOWN_ISSUER:
        return sentence(
            "tls_other_ca",
            "its certificate was not issued by the CA known here: it is another server, or its CA was changed (then"
            " enrol with a new code)",
        )
    return sentence("tls_refused", "its certificate does not stand (code {code})", code=code)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None  # being renewed
    return state.st_mtime_ns, state.st_ino
