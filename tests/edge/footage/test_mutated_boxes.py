"""Mutated films: the reader of boxes, index and units neither crashes nor hangs nor fills the memory."""

from __future__ import annotations

import os

import pytest
from box_fuzz.mutations import Base
from box_fuzz.reading import films, input_of, read_one

KEPT_SEEDS = {"stsc": 1, "stsz": 3, "stco": 16, "stts": 216, "stss": 346, "ctts": 521, "co64": 1524, "slow": 2110}
"""For each table an input in which it claims more than it can hold, and the input that took longest of six thousand."""


@pytest.fixture(scope="module")
def bases() -> list[Base]:
    return films()


def outcome_of(bases: list[Base], seed: int) -> str:
    _, content = input_of(bases, seed)
    descriptor = os.memfd_create("mutated")
    try:
        os.write(descriptor, content)
        return read_one(descriptor, len(content))
    finally:
        os.close(descriptor)


def test_thousands_of_mutated_films_are_read_or_refused(bases: list[Base]) -> None:
    outcomes = [outcome_of(bases, seed) for seed in range(500_000_000, 500_004_000)]
    assert set(outcomes) == {"read", "faulty", "refused"}


@pytest.mark.parametrize("seed", KEPT_SEEDS.values(), ids=KEPT_SEEDS.keys())
def test_inputs_that_ask_for_too_much_are_read_or_refused(bases: list[Base], seed: int) -> None:
    assert outcome_of(bases, seed) in {"read", "faulty", "refused"}


def test_a_seed_is_one_input_always_the_same(bases: list[Base]) -> None:
    assert input_of(bases, 7) == input_of(bases, 7)
