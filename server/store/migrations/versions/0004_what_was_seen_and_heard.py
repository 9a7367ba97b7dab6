"""What was seen and heard in a clip, and its view against the commissioning

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sighting", sa.Column("looks_json", sa.String(), nullable=False, server_default="{}"))
    op.add_column("sighting", sa.Column("reference_state", sa.String(), nullable=True))
    op.create_index("ix_sighting_device_view", "sighting", ["device_number", "reference_state", "corrected_start_us"])


def downgrade() -> None:
    op.drop_index("ix_sighting_device_view", "sighting")
    op.drop_column("sighting", "reference_state")
    op.drop_column("sighting", "looks_json")
