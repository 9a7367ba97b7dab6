"""Certificate, key and CA of this server as files: made and renewed here, or a department's own.

`ca.pem` (key and certificate of the CA in one file, so that it changes at once), `ca-next.pem` (the one that follows),
`ca-cert.pem` (what others are given), `tls.pem` (the server's key), `tls-cert.pem` (its certificate). The key is
written before its certificate: whoever is stopped in between finds a pair that does not fit, and issues it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from edge.contract.instants import UtcMicros, moment_of
from edge.contract.sentences import sentence
from edge.platform.durable import durable_file, write_durably
from edge.platform.faults import unreadable
from edge.platform.signing import KeyFileError
from edge.platform.tls import SYSTEM_TRUST, Trust, key_fingerprint
from edge.platform.version import RELEASED_US
from server.config import ServerConfig
from server.usecases.own_ca import Key, as_certified, issue, key_pem, names_of, new_ca, new_key

log = structlog.get_logger(__name__)
CA, NEXT_CA, CA_CERTIFICATES = "ca.pem", "ca-next.pem", "ca-cert.pem"
TLS_KEY, TLS_CERTIFICATE = "tls.pem", "tls-cert.pem"
RENEW_BEFORE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What this server serves with. `is_own`: made here; otherwise a person renews it."""

    certificate: Path
    key: Path
    is_own: bool


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """Key and certificate in one file."""
        return key_pem(self.key) + self.certificate.public_bytes(Encoding.PEM)

    def issued(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate is signed by this CA."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


def tls_files(config: ServerConfig) -> TlsFiles:
    """The files in use."""
    tls = config.tls
    if tls.certificate_file is not None and tls.key_file is not None:
        return TlsFiles(tls.certificate_file, tls.key_file, is_own=False)
    return TlsFiles(config.keys_dir / TLS_CERTIFICATE, config.keys_dir / TLS_KEY, is_own=True)


def trusted_pem(config: ServerConfig) -> str:
    """The CAs that gateways and browsers are given, in PEM; two while one follows the other. Raises KeyFileError."""
    return _text(config.tls.ca_file or config.keys_dir / CA_CERTIFICATES)


def broker_ca_pem(config: ServerConfig) -> str | None:
    """What gateways are to trust when they connect to the broker; None: the system's CAs, or no TLS at all.

    Raises KeyFileError.
    """
    if config.broker.embedded:
        return trusted_pem(config) if config.broker.is_encrypted else None
    return None if config.broker.ca_file is None else _text(config.broker.ca_file)


def broker_trust(config: ServerConfig) -> Trust:
    """Whom the broker must be to this server: its own child shows the very certificate that lies here.

    Raises OSError.
    """
    if config.broker.embedded:
        return Trust(tls_files(config).certificate.read_text(), checks_name=False, checks_time=False)
    ca_file = config.broker.ca_file
    return SYSTEM_TRUST if ca_file is None else Trust(ca_file.read_text())


def keep_certificate(config: ServerConfig, *, now_us: UtcMicros) -> bool:
    """Make what is missing, and issue a new certificate where the present one no longer serves. Whether one was issued.

    A department's own certificate is left alone. Raises KeyFileError.
    """
    if not tls_files(config).is_own:
        return False
    folder = config.keys_dir
    authority = _authority_made(folder, now_us)
    _publish(folder, authority)
    path, key_path = folder / TLS_CERTIFICATE, folder / TLS_KEY
    if not key_path.exists():
        write_durably(key_path, key_pem(new_key()))
    key = _load_key(key_path)
    if path.exists() and _serves(load_certificate(path), key, authority, config.names, now_us):
        return False
    _issue(config, authority, key, now_us)
    return True


def renew(config: ServerConfig, *, now_us: UtcMicros, with_new_key: bool = False) -> bool:
    """Issue a new certificate although the present one still serves. False: a department's own is renewed by it.

    Whatever stops it, the pair before stands; only between two renamings does a new key stand beside the old
    certificate. Raises KeyFileError or OSError.
    """
    files = tls_files(config)
    if files.is_own:
        authority = _authority_made(config.keys_dir, now_us)
        _publish(config.keys_dir, authority)
        fresh = with_new_key or not files.key.exists()
        _issue(config, authority, new_key() if fresh else _load_key(files.key), now_us, key_is_new=fresh)
    return files.is_own


def begin_new_ca(config: ServerConfig, *, now_us: UtcMicros) -> bool:
    """Make the CA that is to follow and give it out beside the present one. False: one was begun before, and stands."""
    path = config.keys_dir / NEXT_CA
    begun = not path.exists()
    if begun:
        key = new_key()
        write_durably(path, Authority(new_ca(key, now_us), key).pem)
    keep_certificate(config, now_us=now_us)
    return begun


def take_new_ca(config: ServerConfig, *, now_us: UtcMicros) -> bool:
    """From now on the new CA issues, and the old one is given to nobody any more. False: none was begun."""
    path = config.keys_dir / NEXT_CA
    if not path.exists():
        return False
    load_authority(path)
    write_durably(config.keys_dir / CA, path.read_bytes())
    path.unlink()
    keep_certificate(config, now_us=now_us)
    return True


def load_authority(path: Path) -> Authority:
    """Raises KeyFileError."""
    return Authority(load_certificate(path), _load_key(path))


def load_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file. Raises KeyFileError."""
    try:
        return x509.load_pem_x509_certificate(_text(path).encode())
    except ValueError as error:
        raise KeyFileError(path=path, why=sentence("no_certificate", "it holds no certificate")) from error


def tls_fingerprint(certificate: Path) -> bytes:
    """SHA-256 of the certificate's SubjectPublicKeyInfo: 32 bytes. Raises KeyFileError."""
    return key_fingerprint(load_certificate(certificate))


def _serves(
    certificate: x509.Certificate, key: Key, authority: Authority, names: tuple[str, ...], now_us: UtcMicros
) -> bool:
    """A clock that is far behind says nothing about an end that is far away, nor about a begin."""
    now = moment_of(now_us)
    is_early = now_us >= RELEASED_US and certificate.not_valid_before_utc > now
    ends = min(certificate.not_valid_after_utc, authority.certificate.not_valid_after_utc)
    return (
        certificate.public_key() == key.public_key()
        and authority.issued(certificate)
        and names_of(certificate) == as_certified(names)
        and not is_early
        and now < ends - RENEW_BEFORE
    )


def _authority_made(folder: Path, now_us: UtcMicros) -> Authority:
    """Once gateways hold a CA no other takes its place by itself: that would lock them out."""
    path = folder / CA
    if not path.exists() and not (folder / CA_CERTIFICATES).exists():
        key = new_key()
        write_durably(path, Authority(new_ca(key, now_us), key).pem)
    return load_authority(path)


def _publish(folder: Path, authority: Authority) -> None:
    pem = authority.certificate.public_bytes(Encoding.PEM)
    if (folder / NEXT_CA).exists():
        pem += load_certificate(folder / NEXT_CA).public_bytes(Encoding.PEM)
    path = folder / CA_CERTIFICATES
    if not path.exists() or path.read_bytes() != pem:
        write_durably(path, pem)


def _issue(
    config: ServerConfig, authority: Authority, key: Key, now_us: UtcMicros, *, key_is_new: bool = False
) -> None:
    """The certificate takes the place of the one before, which is there until then; a new key just before it."""
    certificate = issue(key.public_key(), config.names, ca=authority.certificate, ca_key=authority.key, now_us=now_us)
    with durable_file(config.keys_dir / TLS_CERTIFICATE) as file:
        file.write(certificate.public_bytes(Encoding.PEM))
        file.flush()  # a full disk shows here, before the key is exchanged
        if key_is_new:
            write_durably(config.keys_dir / TLS_KEY, key_pem(key))
    log.info("tls_certificate_issued", names=list(config.names), until=certificate.not_valid_after_utc.isoformat())


def _load_key(path: Path) -> Key:
    try:
        key = load_pem_private_key(_text(path).encode(), password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(path=path, why=sentence("key_none", "it holds no key")) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyFileError(path=path, why=sentence("key_not_p256", "it holds a key of another kind than TLS uses here"))
    return key


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise KeyFileError(path=path, why=sentence("key_missing", "it is missing")) from error
    except (OSError, UnicodeDecodeError) as error:
        why = unreadable(error) if isinstance(error, OSError) else sentence("no_certificate", "it holds no certificate")
        raise KeyFileError(path=path, why=why) from error
