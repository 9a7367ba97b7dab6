"""Wrong bytes are counted per gateway

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wrong_bytes",
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.clip_id"], name=op.f("fk_wrong_bytes_clip_id_clip")),
        sa.PrimaryKeyConstraint("clip_id", "gateway_id", name=op.f("pk_wrong_bytes")),
    )
    op.drop_column("clip", "hash_failures")


def downgrade() -> None:
    op.add_column("clip", sa.Column("hash_failures", sa.BigInteger(), nullable=False, server_default="0"))
    op.drop_table("wrong_bytes")
