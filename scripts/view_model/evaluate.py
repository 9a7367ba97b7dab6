"""Scores of every trained network on the tests, and of tuned thresholds beside them, written as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from sklearn.tree import DecisionTreeClassifier

from view_model.odds import with_odds
from view_model.sources import Split
from view_model.testing import BANDS_MM, TARMAC, tests
from view_model.train import Drawn, load_all

SHALLOW_FILMS = frozenset({"bikes", "bunny"})
"""Films of shallow focus or drawn: their alarms are partly right, and they are told apart."""
GATES: dict[str, tuple[str, float]] = {
    "macro_f1": (">=", 0.90),
    "recall": (">=", 0.93),
    "false_alarms": ("<=", 0.03),
    "covers_full": (">=", 0.93),
    "covers_partial": (">=", 0.83),
    "tarmac_recorded": ("<=", 0.10),
    "tarmac_crf_33": ("<=", 0.15),
    "recorded_clips": ("<=", 0.03),
}
"""What a network must reach to be shipped."""


def evaluate_all(cache: Path, footage: Path) -> dict[str, Any]:
    """Scores of each network in the cache, by name, and of the thresholds; also in scores.json."""
    drawn = tests(cache, footage)
    check = load_all(cache, Split.CHECK)
    scores = {"thresholds": scored(drawn, _thresholds(load_all(cache, Split.TRAIN), drawn))}
    for path in sorted((cache / "networks").glob("seed-*.onnx")):
        scores[path.stem] = scored(drawn, chances(path, drawn.planes))
        scores[path.stem]["check"] = _calibration(chances(path, check.planes), check)
    (cache / "scores.json").write_text(json.dumps(scores, indent=1), encoding="utf-8")
    for name, score in scores.items():
        told = ", ".join(f"{gate} {score['gates'][gate]:.3f}{'' if passes(gate, score) else ' (!)'}" for gate in GATES)
        print(f"{name}: {told}", file=sys.stderr)
    return scores


def passes(gate: str, score: dict[str, Any]) -> bool:
    """Whether the score reaches the gate."""
    sign, limit = GATES[gate]
    value = round(score["gates"][gate], 3)
    return bool(value >= limit if sign == ">=" else value <= limit)


def chances(path: Path, planes: np.ndarray) -> np.ndarray:
    """float32 (n, 6) of a trained network as it would be shipped."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    parts = np.array_split(planes, max(1, len(planes) // 256))
    return with_odds(np.concatenate([session.run(None, {"planes": part})[0] for part in parts]))


def _thresholds(train: Drawn, drawn: Drawn) -> np.ndarray:
    """The baseline: sharpness, mean and entropy of the picture through a tuned tree of twelve leaves."""
    tree = DecisionTreeClassifier(max_leaf_nodes=12, class_weight="balanced", random_state=0)
    tree.fit(_features(train.planes), train.labels)
    return np.asarray(tree.predict_proba(_features(drawn.planes)), np.float32)


def _features(planes: np.ndarray) -> np.ndarray:
    grey = planes[..., :3].astype(np.float32) @ np.array([0.114, 0.587, 0.299], np.float32)
    sharp = np.expm1(planes[..., 3].astype(np.float32) / 45)
    entropy = []
    for picture in grey:
        share = np.bincount((picture.astype(int) // 8).ravel(), minlength=32) / picture.size
        entropy.append(-(share[share > 0] * np.log2(share[share > 0])).sum())
    return np.column_stack([(sharp**2).mean(axis=(1, 2)), grey.mean(axis=(1, 2)), entropy])


# ------------------------------------------------------------------ scores
def scored(drawn: Drawn, p: np.ndarray) -> dict[str, Any]:
    """All scores of one judge."""
    called, blind = p.argmax(axis=1), p[:, 0] < 0.5
    fact = {name: np.array([facts.get(name, "") for facts in drawn.facts]) for name in ("test", "source", "band")}
    number = {name: np.array([float(facts.get(name, -1)) for facts in drawn.facts]) for name in _NUMBERS}
    mixed = fact["test"] == "mixed"
    confusion = np.zeros((6, 6), int)
    np.add.at(confusion, (drawn.labels[mixed], called[mixed]), 1)
    clear = mixed & (drawn.labels == 0)
    recorded = {
        str(name): share((fact["test"] == "recorded") & (fact["source"] == name), called != 0)
        for name in np.unique(fact["source"][fact["test"] == "recorded"])
    }
    honest = [value for name, value in recorded.items() if name != TARMAC and name not in SHALLOW_FILMS]
    near = (fact["test"] == "covers") & (number["mm"] <= 150) & (number["disc"] >= 6)
    again = fact["test"] == "tarmac again"
    gates = {
        "macro_f1": float(np.mean(_f1(confusion))),
        "recall": share(mixed & (drawn.labels != 0), called != 0),
        "false_alarms": share(clear, called != 0),
        "covers_full": share(near & (number["share"] == 1), blind),
        "covers_partial": share(near & (number["share"] < 1), blind),
        "tarmac_recorded": recorded[TARMAC],
        "tarmac_crf_33": share(again & (number["crf"] == 33) & (number["height"] == 432), called != 0),
        "recorded_clips": float(np.mean(honest)),
    }
    return {
        "gates": gates,
        "f1": [float(value) for value in _f1(confusion)],
        "confusion": confusion.tolist(),
        "at_half": [share(mixed & (drawn.labels != 0), blind), share(clear, blind)],
        "at_strong": [share(mixed & (drawn.labels != 0), p[:, 0] < 0.2), share(clear, p[:, 0] < 0.2)],
        "clear_by_source": _by(fact["source"], clear, called != 0),
        "recall_by_source": _by(fact["source"], mixed & (drawn.labels != 0), called != 0),
        "recorded": recorded,
        "bands": _bands(fact, number, called),
        "partial_by_share": _partial(fact, number, called),
        "tarmac_again": {
            f"{int(height)}p CRF {int(crf)}": share(
                again & (number["crf"] == crf) & (number["height"] == height), called != 0
            )
            for height in (432, 360, 240)
            for crf in (23, 28, 33)
        },
        "tarmac_nuisances": share(fact["test"] == "tarmac nuisances", called != 0),
        "grainy": [
            share((fact["test"] == "grainy") & (drawn.labels != 0), called != 0),
            share((fact["test"] == "grainy") & (drawn.labels == 0), called != 0),
        ],
        "bare": _by(fact["source"], fact["test"] == "bare", called != 0),
        "bare_with_detail": _by(fact["source"], (fact["test"] == "bare") & (number["survives"] == 1), called != 0),
        "pictures": {name: int((fact["test"] == name).sum()) for name in np.unique(fact["test"])},
    }


_NUMBERS = ("mm", "disc", "share", "crf", "height", "survives")


def share(where: np.ndarray, what: np.ndarray) -> float:
    """How much of `where` is `what`; NaN of nothing."""
    return float(what[where].mean()) if where.any() else float("nan")


def _f1(confusion: np.ndarray) -> np.ndarray:
    right = np.diag(confusion)
    return np.asarray(2 * right / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1))


def _by(names: np.ndarray, where: np.ndarray, what: np.ndarray) -> dict[str, float]:
    return {str(name): share(where & (names == name), what) for name in np.unique(names[where])}


def _bands(fact: dict[str, np.ndarray], number: dict[str, np.ndarray], called: np.ndarray) -> dict[str, list[float]]:
    out = {}
    for band in BANDS_MM:
        here = (fact["test"] == "covers") & (fact["band"] == band)
        full = number["share"] == 1
        disc = float(np.median(number["disc"][here]))
        out[band] = [disc, share(here & full, called != 0), share(here & ~full, called != 0)]
    return out


def _partial(fact: dict[str, np.ndarray], number: dict[str, np.ndarray], called: np.ndarray) -> dict[str, float]:
    here = (fact["test"] == "covers") & (number["mm"] <= 150)
    edges = ((0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.98))
    return {
        f"{a:.0%}-{b:.0%}": share(here & (number["share"] >= a) & (number["share"] < b), called != 0) for a, b in edges
    }


def _calibration(p: np.ndarray, check: Drawn) -> dict[str, list[float]]:
    """Recall and false alarms at thresholds of p(not clear), on sources apart from training and test."""
    clear = check.labels == 0
    return {
        f"{at:.2f}": [share(~clear, 1 - p[:, 0] > at), share(clear, 1 - p[:, 0] > at)]
        for at in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    }
