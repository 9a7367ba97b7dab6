"""A commissioned view as a person reads it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.contract.instants import moment_of
from edge.domain.commissioned_view import CommissionedLight
from edge.domain.path_text import shown_text
from edge.local.words import word
from edge.platform.terminal import Language
from edge.storage.reference_files import StoredReference


def show_commissioned(stored: StoredReference, language: Language) -> None:
    """Print the record: who, when, why, and what the pictures gave, in numbers."""
    view = stored.view
    table = Table(
        title=Text(shown_text(f"{word('reference', language)} {view.device} #{view.number}")), show_header=False
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [
        ("commissioned", f"{moment_of(view.commissioned):%Y-%m-%d %H:%M:%S} UTC"),
        ("by", view.by),
        ("reason_given", view.reason),
        ("pictures_of", f"{view.width_px}x{view.height_px}"),
        *((f"light_{light.light}", _light(light, language)) for light in view.lights),
        ("masks", "; ".join(",".join(map(str, box)) for box in view.masks) or "-"),
        ("pictures_from", "; ".join(f"{source.name} ({source.pictures})" for source in view.sources)),
        ("calibration_file", "-" if view.calibration is None else view.calibration.name),
        ("sha256", stored.sha256),
        ("replaces", view.replaces or "-"),
        ("picture_file", str(stored.picture)),
    ]
    for key, value in rows:
        table.add_row(word(key, language), Text(shown_text(value)))
    Console().print(table)


def _light(light: CommissionedLight, language: Language) -> str:
    return word("light_numbers", language).format(
        pictures=light.pictures,
        agreement=light.agreement,
        detail=100 * light.detail,
        sway=light.sway_percent,
        limit=light.shift_limit_percent,
    )
