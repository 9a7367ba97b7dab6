"""Ed25519 keys: made, kept in a file of mode 0600, used to sign and to verify."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from edge.contract.dsse import SignatureRefusedError
from edge.contract.identifiers import key_id_of
from edge.contract.sentences import sentence
from edge.platform.durable import write_durably
from edge.platform.faults import unreadable


class KeyFileError(Exception):
    """The key file cannot be used; the program stops, since a new key would be another identity."""

    def __init__(self, *, path: Path, why: str) -> None:
        super().__init__(
            sentence(
                "key_file",
                "key file {path}: {why}. Restore it from the backup; do not make a new one in its place",
                path=path,
                why=why,
            )
        )
        self.path, self.why = path, why


class SigningKey:
    """A private key; satisfies `edge.contract.dsse.Signer`."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_bytes = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._key_id = key_id_of(self.public_bytes)

    @property
    def key_id(self) -> str:
        """First 128 bits of SHA-256 of the public key."""
        return self._key_id

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(message)

    @staticmethod
    def generate() -> SigningKey:
        """A new key."""
        return SigningKey(Ed25519PrivateKey.generate())

    def save(self, path: Path) -> None:
        """Keep it durably, readable by the owner alone."""
        write_durably(path, self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    @staticmethod
    def load(path: Path) -> SigningKey:
        """The key in a file. Raises KeyFileError."""
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except FileNotFoundError as error:
            raise KeyFileError(path=path, why=sentence("key_missing", "it is missing")) from error
        except OSError as error:
            raise KeyFileError(path=path, why=unreadable(error)) from error
        except (ValueError, TypeError) as error:
            raise KeyFileError(path=path, why=sentence("key_none", "it holds no key")) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError(path=path, why=sentence("key_other", "it holds a key that is not Ed25519"))
        return SigningKey(key)


class PublicKeys:
    """Known public keys by id; satisfies `edge.contract.dsse.Verifier`."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    def verify(self, key_id: str, message: bytes, signature: bytes) -> None:
        """Raises SignatureRefusedError for an unknown key or a wrong signature."""
        public = self._keys.get(key_id)
        if public is None:
            raise SignatureRefusedError(key_id=key_id, why="unknown key")
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature as error:
            raise SignatureRefusedError(key_id=key_id, why="the bytes are not what was signed") from error
