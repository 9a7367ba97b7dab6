"""A benchmark of uploads as a picture: a bar for each way, the ratios beside their targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

_ROW, _LEFT, _WIDTH, _MARGIN = 26, 260, 520, 16


def drawn(result: Mapping[str, Any]) -> str:
    """SVG, with the figures written beside the bars."""
    machine = result["machine"]
    rows: list[str] = []
    rows += _title(f"{machine['processor']}, {machine['cores']} cores, load {machine['load_1_min']:.1f}")
    rows += _title(f"MB/s, medians of {result['rounds']} rounds of {result['size_bytes'] / 1e6:.0f} MB")
    rows += _bars({name: way["mb_per_s"] for name, way in result["medians"].items()}, {})
    rows += _title("CPU seconds per GB, all programs")
    rows += _bars({name: way["cpu_s_per_gb"] for name, way in result["medians"].items()}, {})
    rows += _title("ratios, the line is the target")
    rows += _bars(result["ratios"], result["targets"])
    placed = [
        f'<g transform="translate({_MARGIN} {_MARGIN + number * _ROW})">{row}</g>' for number, row in enumerate(rows)
    ]
    width, height = _LEFT + _WIDTH + 6 * _MARGIN, len(rows) * _ROW + 2 * _MARGIN
    style = "font: 13px sans-serif; background: white"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" style="{style}">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(placed)}</svg>\n'
    )


def _title(text: str) -> list[str]:
    return [f'<text y="17" font-weight="bold">{escape(text)}</text>']


def _bars(values: Mapping[str, float], targets: Mapping[str, float]) -> list[str]:
    longest = max([*values.values(), *(targets[name] for name in values if name in targets), 1e-9])
    return [_bar(name, value, targets.get(name), _WIDTH / longest) for name, value in values.items()]


def _bar(name: str, value: float, target: float | None, scale: float) -> str:
    length = value * scale
    line = ""
    if target is not None:
        at = _LEFT + target * scale
        line = f'<line x1="{at:.1f}" x2="{at:.1f}" y1="1" y2="25" stroke="#b00" stroke-width="2"/>'
    return (
        f'<text y="17">{escape(name)}</text>'
        f'<rect x="{_LEFT}" y="4" width="{length:.1f}" height="18" fill="#4a7fb5"/>{line}'
        f'<text x="{_LEFT + length + 8:.1f}" y="17">{value:.2f}</text>'
    )
