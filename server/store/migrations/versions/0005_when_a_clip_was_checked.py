"""When a sealed clip was read and compared last

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clip_check",
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("checked_us", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.clip_id"], name=op.f("fk_clip_check_clip_id_clip")),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_clip_check")),
    )
    op.create_index(op.f("ix_clip_check_checked_us"), "clip_check", ["checked_us"])
    op.create_index(op.f("ix_clip_check_outcome"), "clip_check", ["outcome"])


def downgrade() -> None:
    op.drop_index(op.f("ix_clip_check_outcome"), "clip_check")
    op.drop_index(op.f("ix_clip_check_checked_us"), "clip_check")
    op.drop_table("clip_check")
