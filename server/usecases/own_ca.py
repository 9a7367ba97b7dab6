"""The server's own CA: it issues the certificate of this server and of nothing else. Gateways hold it, not the leaf."""

from __future__ import annotations

import ipaddress
import os
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.contract.instants import UtcMicros, moment_of

CA_DAYS, CERTIFICATE_DAYS = 7300, 825
"""Twenty years, as long as a gateway may stand in a cabinet; 825 days is the longest that browsers take."""
_BACK = timedelta(days=1)
"""Clocks that are a little behind must not refuse a certificate that was just made."""

Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    """A key on P-256, which every TLS 1.3 implementation must know."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> bytes:
    """The private key, PKCS 8, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_ca(key: Key, now_us: UtcMicros) -> x509.Certificate:
    """A CA that may sign certificates of servers, but no other CA. Its name is new each time: two are told apart."""
    name = _named(f"Tallylight CA {os.urandom(4).hex()}")
    moment = moment_of(now_us)
    uses = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _begun(name, name, key.public_key())
        .not_valid_before(moment - _BACK)
        .not_valid_after(moment + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(uses, critical=True)
        .sign(key, SHA256())
    )


def issue(
    public_key: ec.EllipticCurvePublicKey,
    names: tuple[str, ...],
    *,
    ca: x509.Certificate,
    ca_key: Key,
    now_us: UtcMicros,
) -> x509.Certificate:
    """The server's certificate for these names and addresses; it never outlives the CA."""
    moment = moment_of(now_us)
    ends = min(moment + timedelta(days=CERTIFICATE_DAYS), ca.not_valid_after_utc)
    return (
        _begun(_named("Tallylight server"), ca.subject, public_key)
        .not_valid_before(moment - _BACK)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
            critical=False,
        )
        .sign(ca_key, SHA256())
    )


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """The names and addresses a certificate is good for; empty where it names none."""
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(
        str(general.value) for general in alternatives if isinstance(general, x509.DNSName | x509.IPAddress)
    )


def as_certified(names: tuple[str, ...]) -> frozenset[str]:
    """Names and addresses as a certificate writes them."""
    return frozenset(str(_general_name(name).value) for name in names)


def _begun(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())
