"""Training one network from one seed, the same network each time on the same machine."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from view_model.generate import ROUNDS, Round
from view_model.network import ViewNetwork, export, scaled
from view_model.sources import Split
from view_model.tampering import CLASSES

_BATCH, _PEAK_RATE, _DECAY, _SMOOTHING = 64, 3e-3, 0.05, 0.05
_MOST_SHIFT = (6, 10)
"""Rows and columns a sample is moved by: what a class looks like does not hang on where it is."""
_MEAN_STEP = 0.005
"""The running mean of the weights reaches back about two hundred steps, an epoch."""


@dataclass(frozen=True)
class Drawn:
    """A set of samples: planes uint8 (n, 54, 96, 4), labels int64 (n,), facts of each."""

    planes: np.ndarray
    labels: np.ndarray
    facts: list[dict[str, str | float]]


def load(path: Path) -> Drawn:
    """A set that `generate` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return Drawn(file["planes"], file["labels"], [json.loads(fact) for fact in file["facts"]])


def load_all(cache: Path, split: Split) -> Drawn:
    """All rounds of a split, one after the other."""
    rounds = [_taught(load(cache / "samples" / f"{each.name}.npz"), each) for each in ROUNDS if each.split is split]
    planes, labels = np.concatenate([each.planes for each in rounds]), np.concatenate([each.labels for each in rounds])
    return Drawn(planes, labels, [facts for each in rounds for facts in each.facts])


def _taught(drawn: Drawn, drawing: Round) -> Drawn:
    kept = np.flatnonzero([drawing.teaches(facts) for facts in drawn.facts])
    return Drawn(drawn.planes[kept], drawn.labels[kept], [drawn.facts[index] for index in kept])


def train(cache: Path, *, seed: int, epochs: int) -> Path:
    """Train on the drawn set and export the running mean of the weights; returns the ONNX path.

    The mean of the last steps differs less from seed to seed than the last step does.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    drawn, check = load_all(cache, Split.TRAIN), load_all(cache, Split.CHECK)
    network, mean = (ViewNetwork().to(memory_format=torch.channels_last) for _ in range(2))
    mean.load_state_dict(network.state_dict())
    steps = len(drawn.labels) // _BATCH
    optimiser = torch.optim.AdamW(network.parameters(), lr=_PEAK_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _PEAK_RATE, total_steps=epochs * steps)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=_SMOOTHING)
    out, began = cache / "networks" / f"seed-{seed}.onnx", time.monotonic()
    for epoch in range(epochs):
        network.train()
        order, total = rng.permutation(len(drawn.labels)), 0.0
        for step in range(steps):
            chosen = order[step * _BATCH : (step + 1) * _BATCH]
            planes = torch.from_numpy(_varied(rng, drawn.planes[chosen]))
            seen = scaled(planes).contiguous(memory_format=torch.channels_last)
            loss = loss_of(network(seen), torch.from_numpy(drawn.labels[chosen]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            _follow(mean, network)
            total += float(loss.detach())
        right = accuracy(mean, check)
        line = f"seed {seed}: epoch {epoch + 1} of {epochs}, loss {total / steps:.3f}, right {right:.3f}"
        print(f"{line}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    export(mean, out)
    parameters = sum(weight.numel() for weight in network.parameters())
    print(f"seed {seed}: {parameters} parameters, {out}", file=sys.stderr)
    return out


def _follow(mean: ViewNetwork, network: ViewNetwork) -> None:
    with torch.no_grad():
        for kept, now in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(now, _MEAN_STEP)


def _varied(rng: np.random.Generator, planes: np.ndarray) -> np.ndarray:
    """All moved and half of them flipped, grey and swapped colours of some; uint8 (n, 54, 96, 4)."""
    down, right = _MOST_SHIFT
    padded = np.pad(planes, ((0, 0), (down, down), (right, right), (0, 0)), mode="edge")
    planes = planes.copy()
    height, width = planes.shape[1:3]
    for index in range(len(planes)):
        y, x = int(rng.integers(0, 2 * down + 1)), int(rng.integers(0, 2 * right + 1))
        planes[index] = padded[index, y : y + height, x : x + width]
        if rng.random() < 0.5:
            planes[index] = planes[index, :, ::-1]
        chance = rng.random()
        if chance < 0.15:
            planes[index, :, :, :3] = planes[index, :, :, :3].mean(axis=2, keepdims=True).astype(np.uint8)
        elif chance < 0.35:
            planes[index, :, :, :3] = planes[index][:, :, rng.permutation(3)]
    return planes


def accuracy(network: ViewNetwork, drawn: Drawn) -> float:
    """The mean over the classes of the share that is called right."""
    network.eval()
    with torch.no_grad():
        parts = [network(scaled(torch.from_numpy(part))) for part in np.array_split(drawn.planes, 20)]
    called = torch.cat(parts).argmax(dim=1).numpy()
    shares = [(called == drawn.labels)[drawn.labels == label].mean() for label in range(len(CLASSES))]
    return float(np.mean(shares))
