"""The server's keys at a gateway: only a key in use of the set held can bring the next set."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.dsse import SignatureRefusedError
from edge.contract.instants import UtcMicros
from edge.contract.keyset import KeySet, ServerKey, sign_key_set
from edge.platform.key_ring import KeyRing
from edge.platform.signing import SigningKey

KEYS = [SigningKey.generate() for _ in range(6)]
STRANGER = SigningKey.generate()


def key_set(number: int, *, keys: list[SigningKey] | None = None) -> KeySet:
    """The set after `number` - 1 rotations, one every 100 microseconds; the last key is in use."""
    named = (keys or KEYS)[:number]
    return KeySet(
        number=number,
        keys=tuple(
            ServerKey(
                key_id=key.key_id,
                public_key=base64.b64encode(key.public_bytes).decode(),
                since=UtcMicros(100 * place),
                until=None if place == number - 1 else UtcMicros(100 * (place + 1)),
            )
            for place, key in enumerate(named)
        ),
    )


def signed(of: KeySet, signer: SigningKey) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(sign_key_set(of, signer))
    return envelope


def ring(number: int) -> tuple[KeyRing, list[bytes]]:
    kept: list[bytes] = []
    return KeyRing(key_set(number), keep=kept.append), kept


@given(st.integers(1, 5), st.integers(1, 6))
def test_whoever_slept_through_rotations_follows_them_one_by_one(held: int, newest: int) -> None:
    keys, kept = ring(held)
    envelopes = [signed(key_set(number), KEYS[number - 2]) for number in range(2, newest + 1)]
    assert keys.follow(envelopes) is (newest > held)
    assert keys.held.number == max(held, newest)
    assert len(kept) == max(0, newest - held)
    for key in KEYS[: keys.held.number]:
        keys.verify(key.key_id, b"word", key.sign(b"word"))


@pytest.mark.parametrize(
    "envelope",
    [
        pytest.param(signed(key_set(3), STRANGER), id="signed by a stranger"),
        pytest.param(signed(key_set(3), KEYS[2]), id="signed by the very key that it brings"),
        pytest.param(signed(key_set(3), KEYS[0]), id="signed by a key that is past"),
        pytest.param(signed(key_set(4), KEYS[1]), id="a rotation left out"),
        pytest.param(signed(key_set(3, keys=[STRANGER, *KEYS[1:]]), KEYS[1]), id="a past key exchanged"),
        pytest.param(
            signed(
                KeySet(number=3, keys=tuple(k.model_copy(update={"until": None}) for k in key_set(3).keys)), KEYS[1]
            ),
            id="a past key alive again",
        ),
        pytest.param(signed(key_set(2), KEYS[0]), id="the set held already"),
        pytest.param({}, id="no envelope"),
    ],
)
def test_a_set_that_does_not_follow_changes_nothing(envelope: dict[str, Any]) -> None:
    keys, kept = ring(2)
    assert not keys.follow([envelope])
    assert (keys.held, kept) == (key_set(2), [])
    with pytest.raises(SignatureRefusedError):
        keys.verify(KEYS[2].key_id, b"word", KEYS[2].sign(b"word"))


def test_what_could_not_be_kept_does_not_count() -> None:
    def full(_envelope: bytes) -> None:
        raise OSError(28, "no space")

    keys = KeyRing(key_set(1), keep=full)
    with pytest.raises(OSError, match="no space"):
        keys.follow([signed(key_set(2), KEYS[0])])
    assert keys.held.number == 1


@pytest.mark.parametrize(
    ("at_us", "believed"),
    [
        pytest.param(99, True, id="a receipt from before the rotation"),
        pytest.param(100, False, id="one dated to its moment"),
        pytest.param(None, False, id="a word that is said now"),
    ],
)
def test_a_past_key_speaks_for_its_own_time_alone(at_us: int | None, believed: bool) -> None:
    keys, _ = ring(2)
    assert keys.may_have_signed(KEYS[0].key_id, None if at_us is None else UtcMicros(at_us)) is believed
    assert keys.may_have_signed(KEYS[1].key_id, None)
