"""Files that come with the program: from the wheel, or from the checkout it runs in."""

from __future__ import annotations

from pathlib import Path

_IN_WHEEL = Path(__file__).parent / "shipped"
_CHECKOUT = Path(__file__).parents[2]
_ROOTS = (_IN_WHEEL, _CHECKOUT / "configs", _CHECKOUT)


def shipped(name: str) -> Path:
    """The path of a shipped file or folder: `rules/...` or `models/...`. Raises FileNotFoundError."""
    for root in _ROOTS:
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is not part of this installation: install tallylight again")
