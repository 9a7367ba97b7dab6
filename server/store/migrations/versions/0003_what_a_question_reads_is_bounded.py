"""What a question reads is bounded: indices, windows of what must be judged, what a device was judged by

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDICES = (
    ("ix_sighting_device_received", "sighting", ["device_number", "received_us"]),
    ("ix_sighting_device_file", "sighting", ["device_number", "file_name"]),
    ("ix_clip_first_seen", "clip", ["first_seen_us", "clip_id"]),
    ("ix_clip_state_first_seen", "clip", ["state", "first_seen_us", "clip_id"]),
    ("ix_clip_gateway_state", "clip", ["gateway_id", "state"]),
    ("ix_docking_device_until", "docking", ["device_number", "valid_until_us"]),
    ("ix_duty_start", "duty", ["valid_from_us"]),
    ("ix_duty_officer_start", "duty", ["officer_number", "valid_from_us"]),
    ("ix_case_record_start", "case_record", ["valid_from_us", "number"]),
    ("ix_case_record_officer_start", "case_record", ["officer_number", "valid_from_us"]),
    ("ix_case_record_site", "case_record", ["site_number", "valid_from_us"]),
    ("ix_finding_opened", "finding", ["opened_us", "finding_id"]),
    ("ix_finding_device_kind", "finding", ["device_number", "kind"]),
    ("ix_gateway_event_device_code", "gateway_event", ["device_number", "code"]),
    ("ix_link_case_state", "link", ["case_number", "state"]),
)


def upgrade() -> None:
    for name, table, columns in INDICES:
        op.create_index(name, table, columns)
    op.add_column("to_judge", sa.Column("windows_json", sa.String(), nullable=True))
    op.create_table(
        "device_judged",
        sa.Column("device_number", sa.String(), nullable=False),
        sa.Column("judged_us", sa.BigInteger(), nullable=False),
        sa.Column("known_until_us", sa.BigInteger(), nullable=False),
        sa.Column("listed_until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_number", name=op.f("pk_device_judged")),
    )


def downgrade() -> None:
    op.drop_table("device_judged")
    op.drop_column("to_judge", "windows_json")
    for name, table, _columns in reversed(INDICES):
        op.drop_index(name, table)
