"""The sound of a street: engine noise that swells as cars pass, and a faint tone. Samples only, no files."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

SAMPLES_PER_SECOND = 16_000


def street_noise(device_number: str, seconds: int, *, start_s: int) -> NDArray[np.int16]:
    """Mono int16 (1, seconds * 16000). `start_s` shifts the phase, so that clips of one recording differ."""
    dice = random.Random(device_number)
    time_s = np.arange(seconds * SAMPLES_PER_SECOND, dtype=np.float32) / SAMPLES_PER_SECOND + start_s % 3_600
    generator = np.random.default_rng([dice.randrange(2**32), start_s % 2**32])
    white = generator.standard_normal(time_s.size, dtype=np.float32)
    rumble = np.convolve(white, np.ones(40, np.float32) / 40, mode="same")
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * time_s / dice.uniform(5, 9))
    engine = sum(np.sin(2 * np.pi * dice.uniform(55, 70) * k * time_s) / k for k in range(1, 5))
    tone = np.sin(2 * np.pi * dice.uniform(600, 900) * time_s)
    mixed = swell * (0.5 * rumble + 0.12 * engine) + 0.02 * tone
    return (np.clip(mixed, -1, 1) * 20_000).astype(np.int16).reshape(1, -1)
