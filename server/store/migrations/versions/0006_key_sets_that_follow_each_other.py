"""Each signing key after the first keeps the key set that the key before it signed

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("server_key", sa.Column("key_set", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("server_key", "key_set")
