"""Where the style sheets lie: own rules, and GOV.UK Frontend as it was released (`vendor/govuk-frontend/VENDORED`)."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
