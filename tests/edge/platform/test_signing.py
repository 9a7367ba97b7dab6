"""Keys are kept, found again, and never replaced in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.dsse import SignatureRefusedError
from edge.platform.signing import KeyFileError, PublicKeys, SigningKey

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
KNOWN = PublicKeys({KEY.key_id: KEY.public_bytes, OTHER.key_id: OTHER.public_bytes})


def test_a_key_is_the_same_after_a_restart(tmp_path: Path) -> None:
    KEY.save(tmp_path / "key.pem")
    loaded = SigningKey.load(tmp_path / "key.pem")
    assert loaded.key_id == KEY.key_id
    KNOWN.verify(KEY.key_id, b"message", loaded.sign(b"message"))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_stands_for_one_message_and_one_key(message: bytes, other: bytes) -> None:
    signature = KEY.sign(message)
    KNOWN.verify(KEY.key_id, message, signature)
    if other != message:
        with pytest.raises(SignatureRefusedError):
            KNOWN.verify(KEY.key_id, other, signature)
    with pytest.raises(SignatureRefusedError):
        KNOWN.verify(OTHER.key_id, message, signature)


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(SignatureRefusedError, match="unknown key"):
        PublicKeys({}).verify(KEY.key_id, b"message", KEY.sign(b"message"))


def test_a_missing_key_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="missing"):
        SigningKey.load(tmp_path / "key.pem")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(KeyFileError, match=r"key\.pem"):
        SigningKey.load(tmp_path / "key.pem")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(KeyFileError, match="not Ed25519"):
        SigningKey.load(tmp_path / "key.pem")
