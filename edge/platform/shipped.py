"""Files that come with the program: from the wheel, or from the checkout it runs in."""

from __future__ import annotations

from pathlib import Path

_IN_WHEEL = Path(__file__).parent / "shipped"
_IN_CHECKOUT = Path(__file__).parents[2] / "configs"


def shipped(name: str) -> Path:
    """The path of a shipped file or folder, such as `rules/cn-traffic.toml`. Raises FileNotFoundError."""
    for root in (_IN_WHEEL, _IN_CHECKOUT):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is not part of this installation: install tallylight again")
