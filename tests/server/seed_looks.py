"""What gateways saw and heard in the seeded footage: a covered lens, sound that was off, a camera that moved."""

from __future__ import annotations

from typing import Any

from edge.contract.inspection import ReferenceCheck, SoundStretch, ViewStretch

Looks = dict[str, Any]
"""Fields of an inspection: what was seen, heard and compared."""
COVERED: Looks = {
    "view": (
        ViewStretch(state="seeing", from_s=0, to_s=900, confidence=0.97),
        ViewStretch(state="covered", from_s=900, to_s=1500, confidence=0.93),
        ViewStretch(state="no_visible_detail", from_s=1500, to_s=1560, confidence=0.8),
        ViewStretch(state="seeing", from_s=1560, to_s=3500, confidence=0.98),
        ViewStretch(state="unknown", from_s=3500, to_s=3600, confidence=0),
    ),
    "sound": (
        SoundStretch(state="hearing", from_s=0, to_s=1200),
        SoundStretch(state="muted", from_s=1200, to_s=1320),
        SoundStretch(state="hearing", from_s=1320, to_s=3600),
    ),
    "view_model": f"view@{'0' * 64}",
}
MOVED: Looks = {
    "view": (ViewStretch(state="seeing", from_s=0, to_s=12, confidence=0.97),),
    "reference": ReferenceCheck(
        state="moved", reference="5" * 64, samples=8, samples_used=7,
        dx_px=11.4, dy_px=-6.2, rotation_deg=0.4, scale=1.01,
    ),
}  # fmt: skip
