"""The first tables

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit_numbers", sa.String(), nullable=False),
        sa.Column("officer_number", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
    )
    op.create_table(
        "act",
        sa.Column(
            "act_index", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("data_json", sa.String(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("act_index", name=op.f("pk_act")),
        sa.UniqueConstraint("hash", name=op.f("uq_act_hash")),
    )
    with op.batch_alter_table("act", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_act_actor"), ["actor"], unique=False)
        batch_op.create_index(batch_op.f("ix_act_subject_id"), ["subject_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_act_verb"), ["verb"], unique=False)

    op.create_table(
        "assignment",
        sa.Column("device_number", sa.String(), nullable=False),
        sa.Column("officer_number", sa.String(), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_device_number"), ["device_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_officer_number"), ["officer_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_replaces"), ["replaces"], unique=False)

    op.create_table(
        "case_record",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit_number", sa.String(), nullable=False),
        sa.Column("officer_number", sa.String(), nullable=True),
        sa.Column("arrived_us", sa.BigInteger(), nullable=True),
        sa.Column("cleared_us", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("longitude_deg", sa.Double(), nullable=True),
        sa.Column("latitude_deg", sa.Double(), nullable=True),
        sa.Column("site_number", sa.String(), nullable=True),
        sa.Column("plate", sa.String(), nullable=True),
        sa.Column("exempt_reason", sa.String(), nullable=True),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_case_record")),
    )
    with op.batch_alter_table("case_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_record_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_record_officer_number"), ["officer_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_record_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_record_replaces"), ["replaces"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_record_unit_number"), ["unit_number"], unique=False)

    op.create_table(
        "certificate",
        sa.Column("device_number", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("performed_us", sa.BigInteger(), nullable=True),
        sa.Column("issued_us", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("supersedes", sa.String(), nullable=True),
        sa.Column("withdrawn_us", sa.BigInteger(), nullable=True),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_certificate")),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificate_device_number"), ["device_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_replaces"), ["replaces"], unique=False)

    op.create_table(
        "device",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit_number", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("serial", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("functions", sa.String(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=True),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_device")),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_replaces"), ["replaces"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_unit_number"), ["unit_number"], unique=False)

    op.create_table(
        "docking",
        sa.Column("device_number", sa.String(), nullable=True),
        sa.Column("gateway_id", sa.String(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("offset_us", sa.BigInteger(), nullable=True),
        sa.Column("offset_uncertainty_us", sa.BigInteger(), nullable=True),
        sa.Column("offset_measured_us", sa.BigInteger(), nullable=True),
        sa.Column("gateway_synchronised", sa.Boolean(), nullable=True),
        sa.Column("battery_percent", sa.Double(), nullable=True),
        sa.Column("free_bytes", sa.BigInteger(), nullable=True),
        sa.Column("total_bytes", sa.BigInteger(), nullable=True),
        sa.Column("parts", sa.BigInteger(), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_docking")),
    )
    with op.batch_alter_table("docking", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_docking_device_number"), ["device_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_docking_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_docking_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_docking_replaces"), ["replaces"], unique=False)

    op.create_table(
        "docking_file",
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("docking_number", sa.String(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_us", sa.BigInteger(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_docking_file")),
    )
    with op.batch_alter_table("docking_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_docking_file_clip_id"), ["clip_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_docking_file_docking_number"), ["docking_number"], unique=False)

    op.create_table(
        "duty",
        sa.Column("officer_number", sa.String(), nullable=False),
        sa.Column("unit_number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_duty")),
    )
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_duty_officer_number"), ["officer_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_duty_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_duty_replaces"), ["replaces"], unique=False)
        batch_op.create_index(batch_op.f("ix_duty_unit_number"), ["unit_number"], unique=False)

    op.create_table(
        "finding",
        sa.Column("finding_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("unit_number", sa.String(), nullable=True),
        sa.Column("officer_number", sa.String(), nullable=True),
        sa.Column("device_number", sa.String(), nullable=True),
        sa.Column("duty_number", sa.String(), nullable=True),
        sa.Column("clip_id", sa.String(), nullable=True),
        sa.Column("from_us", sa.BigInteger(), nullable=True),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.Column("evidence_json", sa.String(), nullable=False),
        sa.Column("rules_json", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_finding")),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_clip_id"), ["clip_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_device_number"), ["device_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_duty_number"), ["duty_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_from_us"), ["from_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_officer_number"), ["officer_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_unit_number"), ["unit_number"], unique=False)

    op.create_table(
        "footage_assignment",
        sa.Column("device_number", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_footage_assignment")),
    )
    with op.batch_alter_table("footage_assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_footage_assignment_device_number"), ["device_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_footage_assignment_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_footage_assignment_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_footage_assignment_replaces"), ["replaces"], unique=False)

    op.create_table(
        "gateway",
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_number", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("added_us", sa.BigInteger(), nullable=False),
        sa.Column("installation_id", sa.String(), nullable=True),
        sa.Column("broker_generation", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_us", sa.BigInteger(), nullable=True),
        sa.Column("clock_difference_us", sa.BigInteger(), nullable=True),
        sa.Column("register_held", sa.BigInteger(), nullable=False),
        sa.Column("software", sa.String(), nullable=True),
        sa.Column("status_json", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_gateway")),
        sa.UniqueConstraint("name", name=op.f("uq_gateway_name")),
    )
    op.create_table(
        "gateway_event",
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("device_number", sa.String(), nullable=True),
        sa.Column("file_name", sa.String(), nullable=True),
        sa.Column("detail_json", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_gateway_event")),
    )
    with op.batch_alter_table("gateway_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateway_event_code"), ["code"], unique=False)
        batch_op.create_index(batch_op.f("ix_gateway_event_gateway_id"), ["gateway_id"], unique=False)

    op.create_table(
        "installation",
        sa.Column("site_number", sa.String(), nullable=False),
        sa.Column("device_number", sa.String(), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_installation")),
    )
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_installation_device_number"), ["device_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_installation_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_installation_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_installation_replaces"), ["replaces"], unique=False)
        batch_op.create_index(batch_op.f("ix_installation_site_number"), ["site_number"], unique=False)

    op.create_table(
        "message_seen",
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("boot_id", sa.String(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "boot_id", "counter", name=op.f("pk_message_seen")),
    )
    op.create_table(
        "officer",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_officer")),
    )
    with op.batch_alter_table("officer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_officer_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_officer_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_officer_replaces"), ["replaces"], unique=False)
        batch_op.create_index(batch_op.f("ix_officer_unit_number"), ["unit_number"], unique=False)

    op.create_table(
        "report",
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("boot_id", sa.String(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_report")),
        sa.UniqueConstraint("gateway_id", "boot_id", "counter", name=op.f("uq_report_gateway_id_boot_id_counter")),
    )
    op.create_table(
        "server_key",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_server_key")),
    )
    op.create_table(
        "set_aside",
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_set_aside")),
    )
    with op.batch_alter_table("set_aside", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_set_aside_received_us"), ["received_us"], unique=False)

    op.create_table(
        "site",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("road", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=True),
        sa.Column("lanes", sa.String(), nullable=True),
        sa.Column("stake", sa.String(), nullable=True),
        sa.Column("district", sa.String(), nullable=True),
        sa.Column("longitude_deg", sa.Double(), nullable=False),
        sa.Column("latitude_deg", sa.Double(), nullable=False),
        sa.Column("violations", sa.String(), nullable=True),
        sa.Column("unit_number", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("notice_us", sa.BigInteger(), nullable=True),
        sa.Column("enforce_us", sa.BigInteger(), nullable=True),
        sa.Column("basis", sa.String(), nullable=True),
        sa.Column("publication_number", sa.String(), nullable=True),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_site")),
    )
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_site_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_site_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_site_replaces"), ["replaces"], unique=False)
        batch_op.create_index(batch_op.f("ix_site_unit_number"), ["unit_number"], unique=False)

    op.create_table(
        "to_judge",
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_number", sa.String(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_to_judge")),
        sa.UniqueConstraint("subject_kind", "subject_number", name=op.f("uq_to_judge_subject_kind_subject_number")),
    )
    op.create_table(
        "unit",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_number", sa.String(), nullable=True),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_unit")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_recorded_us"), ["recorded_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_replaces"), ["replaces"], unique=False)

    op.create_table(
        "clip",
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first_seen_us", sa.BigInteger(), nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("held_json", sa.String(), nullable=False),
        sa.Column("hash_failures", sa.BigInteger(), nullable=False),
        sa.Column("stored_path", sa.String(), nullable=True),
        sa.Column("sealed_us", sa.BigInteger(), nullable=True),
        sa.Column("act_index", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["act_index"], ["act.act_index"], name=op.f("fk_clip_act_index_act")),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_clip")),
    )
    with op.batch_alter_table("clip", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clip_gateway_id"), ["gateway_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_clip_sealed_us"), ["sealed_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_clip_state"), ["state"], unique=False)

    op.create_table(
        "enrolment_code",
        sa.Column("secret_sha256", sa.String(), nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("used_us", sa.BigInteger(), nullable=True),
        sa.Column("used_by_key_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateway.gateway_id"], name=op.f("fk_enrolment_code_gateway_id_gateway")
        ),
        sa.PrimaryKeyConstraint("secret_sha256", name=op.f("pk_enrolment_code")),
    )
    op.create_table(
        "finding_step",
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("finding_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("facts_json", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["finding.finding_id"], name=op.f("fk_finding_step_finding_id_finding")
        ),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_finding_step")),
    )
    with op.batch_alter_table("finding_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_step_finding_id"), ["finding_id"], unique=False)

    op.create_table(
        "gateway_key",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.gateway_id"], name=op.f("fk_gateway_key_gateway_id_gateway")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_gateway_key")),
    )
    with op.batch_alter_table("gateway_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateway_key_gateway_id"), ["gateway_id"], unique=False)

    op.create_table(
        "register_issued",
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("issued_us", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateway.gateway_id"], name=op.f("fk_register_issued_gateway_id_gateway")
        ),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_register_issued")),
    )
    op.create_table(
        "sign_in",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("account_name", sa.String(), nullable=False),
        sa.Column("csrf_token", sa.String(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("last_used_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_name"], ["account.name"], name=op.f("fk_sign_in_account_name_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sign_in")),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_account_name"), ["account_name"], unique=False)

    op.create_table(
        "link",
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reasons_json", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.clip_id"], name=op.f("fk_link_clip_id_clip")),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_link")),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_case_number"), ["case_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_clip_id"), ["clip_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_replaces"), ["replaces"], unique=False)

    op.create_table(
        "sighting",
        sa.Column("sighting_id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("device_number", sa.String(), nullable=True),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("docking_number", sa.String(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("landed_us", sa.BigInteger(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=True),
        sa.Column("end_us", sa.BigInteger(), nullable=True),
        sa.Column("corrected_start_us", sa.BigInteger(), nullable=True),
        sa.Column("corrected_end_us", sa.BigInteger(), nullable=True),
        sa.Column("applied_offset_us", sa.BigInteger(), nullable=False),
        sa.Column("measured_offset_us", sa.BigInteger(), nullable=True),
        sa.Column("start_source", sa.String(), nullable=False),
        sa.Column("uncertainty_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_json", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("faults_json", sa.String(), nullable=False),
        sa.Column("media_us", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("recording", sa.String(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.clip_id"], name=op.f("fk_sighting_clip_id_clip")),
        sa.PrimaryKeyConstraint("sighting_id", name=op.f("pk_sighting")),
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sighting_clip_id"), ["clip_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_corrected_end_us"), ["corrected_end_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_corrected_start_us"), ["corrected_start_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_device_number"), ["device_number"], unique=False)
        batch_op.create_index("ix_sighting_device_time", ["device_number", "corrected_start_us"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_docking_number"), ["docking_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_gateway_id"), ["gateway_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_received_us"), ["received_us"], unique=False)

    op.create_table(
        "upload",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("worker_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("granted_us", sa.BigInteger(), nullable=False),
        sa.Column("chunk_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.clip_id"], name=op.f("fk_upload_clip_id_clip")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_upload")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_clip_id"), ["clip_id"], unique=False)

    op.create_table(
        "view_reason",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("act_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_sha256"], ["sign_in.token_sha256"], name=op.f("fk_view_reason_token_sha256_sign_in")
        ),
        sa.PrimaryKeyConstraint("token_sha256", "clip_id", name=op.f("pk_view_reason")),
    )


def downgrade() -> None:
    op.drop_table("view_reason")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_upload_clip_id"))

    op.drop_table("upload")
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sighting_received_us"))
        batch_op.drop_index(batch_op.f("ix_sighting_gateway_id"))
        batch_op.drop_index(batch_op.f("ix_sighting_docking_number"))
        batch_op.drop_index("ix_sighting_device_time")
        batch_op.drop_index(batch_op.f("ix_sighting_device_number"))
        batch_op.drop_index(batch_op.f("ix_sighting_corrected_start_us"))
        batch_op.drop_index(batch_op.f("ix_sighting_corrected_end_us"))
        batch_op.drop_index(batch_op.f("ix_sighting_clip_id"))

    op.drop_table("sighting")
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_replaces"))
        batch_op.drop_index(batch_op.f("ix_link_clip_id"))
        batch_op.drop_index(batch_op.f("ix_link_case_number"))

    op.drop_table("link")
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_account_name"))

    op.drop_table("sign_in")
    op.drop_table("register_issued")
    with op.batch_alter_table("gateway_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gateway_key_gateway_id"))

    op.drop_table("gateway_key")
    with op.batch_alter_table("finding_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_finding_step_finding_id"))

    op.drop_table("finding_step")
    op.drop_table("enrolment_code")
    with op.batch_alter_table("clip", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clip_state"))
        batch_op.drop_index(batch_op.f("ix_clip_sealed_us"))
        batch_op.drop_index(batch_op.f("ix_clip_gateway_id"))

    op.drop_table("clip")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_replaces"))
        batch_op.drop_index(batch_op.f("ix_unit_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_unit_number"))

    op.drop_table("unit")
    op.drop_table("to_judge")
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_unit_number"))
        batch_op.drop_index(batch_op.f("ix_site_replaces"))
        batch_op.drop_index(batch_op.f("ix_site_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_site_number"))

    op.drop_table("site")
    with op.batch_alter_table("set_aside", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_set_aside_received_us"))

    op.drop_table("set_aside")
    op.drop_table("server_key")
    op.drop_table("report")
    with op.batch_alter_table("officer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_officer_unit_number"))
        batch_op.drop_index(batch_op.f("ix_officer_replaces"))
        batch_op.drop_index(batch_op.f("ix_officer_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_officer_number"))

    op.drop_table("officer")
    op.drop_table("message_seen")
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_installation_site_number"))
        batch_op.drop_index(batch_op.f("ix_installation_replaces"))
        batch_op.drop_index(batch_op.f("ix_installation_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_installation_number"))
        batch_op.drop_index(batch_op.f("ix_installation_device_number"))

    op.drop_table("installation")
    with op.batch_alter_table("gateway_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gateway_event_gateway_id"))
        batch_op.drop_index(batch_op.f("ix_gateway_event_code"))

    op.drop_table("gateway_event")
    op.drop_table("gateway")
    with op.batch_alter_table("footage_assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_footage_assignment_replaces"))
        batch_op.drop_index(batch_op.f("ix_footage_assignment_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_footage_assignment_number"))
        batch_op.drop_index(batch_op.f("ix_footage_assignment_device_number"))

    op.drop_table("footage_assignment")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_finding_unit_number"))
        batch_op.drop_index(batch_op.f("ix_finding_state"))
        batch_op.drop_index(batch_op.f("ix_finding_officer_number"))
        batch_op.drop_index(batch_op.f("ix_finding_kind"))
        batch_op.drop_index(batch_op.f("ix_finding_from_us"))
        batch_op.drop_index(batch_op.f("ix_finding_duty_number"))
        batch_op.drop_index(batch_op.f("ix_finding_device_number"))
        batch_op.drop_index(batch_op.f("ix_finding_clip_id"))

    op.drop_table("finding")
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duty_unit_number"))
        batch_op.drop_index(batch_op.f("ix_duty_replaces"))
        batch_op.drop_index(batch_op.f("ix_duty_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_duty_officer_number"))
        batch_op.drop_index(batch_op.f("ix_duty_number"))

    op.drop_table("duty")
    with op.batch_alter_table("docking_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_docking_file_docking_number"))
        batch_op.drop_index(batch_op.f("ix_docking_file_clip_id"))

    op.drop_table("docking_file")
    with op.batch_alter_table("docking", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_docking_replaces"))
        batch_op.drop_index(batch_op.f("ix_docking_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_docking_number"))
        batch_op.drop_index(batch_op.f("ix_docking_device_number"))

    op.drop_table("docking")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_unit_number"))
        batch_op.drop_index(batch_op.f("ix_device_replaces"))
        batch_op.drop_index(batch_op.f("ix_device_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_device_number"))

    op.drop_table("device")
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificate_replaces"))
        batch_op.drop_index(batch_op.f("ix_certificate_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_certificate_number"))
        batch_op.drop_index(batch_op.f("ix_certificate_device_number"))

    op.drop_table("certificate")
    with op.batch_alter_table("case_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_record_unit_number"))
        batch_op.drop_index(batch_op.f("ix_case_record_replaces"))
        batch_op.drop_index(batch_op.f("ix_case_record_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_case_record_officer_number"))
        batch_op.drop_index(batch_op.f("ix_case_record_number"))

    op.drop_table("case_record")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_replaces"))
        batch_op.drop_index(batch_op.f("ix_assignment_recorded_us"))
        batch_op.drop_index(batch_op.f("ix_assignment_officer_number"))
        batch_op.drop_index(batch_op.f("ix_assignment_number"))
        batch_op.drop_index(batch_op.f("ix_assignment_device_number"))

    op.drop_table("assignment")
    with op.batch_alter_table("act", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_act_verb"))
        batch_op.drop_index(batch_op.f("ix_act_subject_id"))
        batch_op.drop_index(batch_op.f("ix_act_actor"))

    op.drop_table("act")
    op.drop_table("account")
