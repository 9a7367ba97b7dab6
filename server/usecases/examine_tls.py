"""What `doctor` looks at of encrypted connections: the certificate's end, names and key, who lacks its CA, who still
serves the one before.
"""

from __future__ import annotations

import socket
import ssl
from datetime import timedelta
from urllib.parse import urlsplit

from cryptography import x509

from edge.contract.instants import instant_of, moment_of, rfc3339
from edge.contract.sentences import sentence, sentence_of
from edge.platform.faults import os_reason
from edge.platform.signing import KeyFileError
from edge.platform.tls import ServedCertificate
from server.usecases.checks import Check
from server.usecases.context import AppContext
from server.usecases.own_ca import as_certified, names_of
from server.usecases.tls_files import NEXT_CA, broker_ca_pem, broker_trust, load_certificate, tls_files
from server.usecases.tls_handover import gateways_behind

_CERTIFICATE, _NEW_CA = sentence("certificate_file", "certificate"), sentence("new_ca", "new CA")
_PAIR = sentence("certificate_no_pair", "its key is another one, or it holds no certificate")
_OF_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
"""Only a certificate that is made here is good for these; nobody elsewhere uses them."""
_SOON = timedelta(days=30)


def examine_certificate(context: AppContext) -> Check:
    """Whether it can be served with, is good for the names others use, and has not ended nor will soon."""
    config = context.config
    if not config.is_encrypted:
        return Check(_CERTIFICATE, ok=True, detail=sentence("certificate_unused", "not needed on this machine alone"))
    files = tls_files(config)
    renew = (
        sentence("certificate_renew", "run `tallylight-server tls renew`")
        if files.is_own
        else sentence("certificate_renew_own", "renew it at your own CA")
    )
    try:
        ServedCertificate(files.certificate, files.key)
        certificate = load_certificate(files.certificate)
    except KeyFileError as error:
        return Check(_CERTIFICATE, ok=False, detail=sentence_of(error), do=renew)
    except OSError as error:  # ssl.SSLError is one: certificate and key do not belong together
        why = _PAIR if isinstance(error, ssl.SSLError) else os_reason(error)
        return Check(
            _CERTIFICATE,
            ok=False,
            detail=sentence("file_and_why", "{path}: {why}", path=files.certificate, why=why),
            do=renew,
        )
    missing = as_certified(config.names) - names_of(certificate) - _OF_THIS_MACHINE
    if missing:
        detail = sentence("certificate_nameless", "it is not good for {names}", names=tuple(sorted(missing)))
        return Check(_CERTIFICATE, ok=False, detail=detail, do=renew)
    ends = certificate.not_valid_after_utc
    detail = sentence("certificate_good", "good until {until}", until=rfc3339(instant_of(ends)))
    left = ends - moment_of(context.clock.now_us())
    return Check(_CERTIFICATE, ok=left > _SOON, detail=detail, do="" if left > _SOON else renew)


def examine_served_certificate(context: AppContext) -> Check | None:
    """Whether an external broker took up the renewed certificate; None where it serves none of ours, or not now."""
    config = context.config
    parts = urlsplit(config.broker.server_url)
    if config.broker.embedded or parts.scheme != "mqtts" or not parts.hostname:
        return None
    try:
        ours = load_certificate(tls_files(config).certificate)
        with (
            socket.create_connection((parts.hostname, parts.port or 8883), timeout=3) as plain,
            broker_trust(config).context().wrap_socket(plain, server_hostname=parts.hostname) as encrypted,
        ):
            served = x509.load_der_x509_certificate(encrypted.getpeercert(binary_form=True) or b"")
    except (OSError, KeyFileError, ValueError):  # `broker` and `certificate` say what is wrong there
        return None
    is_another = names_of(served) != names_of(ours) or served.not_valid_before_utc > ours.not_valid_before_utc
    if served == ours or is_another:  # their times count whole seconds: one of the same second may be the one before
        return None
    return Check(
        sentence("broker_certificate", "certificate of the broker"),
        ok=False,
        detail=sentence(
            "broker_certificate_old",
            "the broker still serves the one before the renewal, good until {until}",
            until=rfc3339(instant_of(served.not_valid_after_utc)),
        ),
        do=sentence("broker_take_up", "let the broker read it anew: `kill -HUP` with the process id of `mosquitto`"),
    )


def examine_new_ca(context: AppContext) -> Check | None:
    """Whom a CA that was begun still has to reach; None where none was begun."""
    config = context.config
    if not (config.keys_dir / NEXT_CA).exists():
        return None
    try:
        ca_pem = broker_ca_pem(config) or ""
    except KeyFileError as error:
        return Check(_NEW_CA, ok=False, detail=sentence_of(error))
    with context.db.reading() as session:
        behind = gateways_behind(session, ca_pem)
    if behind:
        detail = sentence("new_ca_behind", "not held yet by {names}", names=tuple(behind[:20]))
        return Check(_NEW_CA, ok=True, detail=detail, do=sentence("new_ca_wait", "wait until each has connected"))
    return Check(
        _NEW_CA,
        ok=True,
        detail=sentence("new_ca_held", "every gateway holds it"),
        do=sentence("new_ca_finish", "run `tallylight-server tls new-ca --finish`"),
    )
