"""Who may do what, and whose records a person may see. Default deny: what is not in the table is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The role of an account."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    CASE_OFFICER = "case_officer"
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing a role may do, always within its scope."""

    SEE_TODAY = "see_today"
    SEE_OFFICER_DAYS = "see_officer_days"
    ASK = "ask"
    SEE_CASES = "see_cases"
    DECIDE_LINKS = "decide_links"
    EXEMPT_CASES = "exempt_cases"
    SEE_FINDINGS = "see_findings"
    EXPLAIN_FINDINGS = "explain_findings"
    DECIDE_FINDINGS = "decide_findings"
    SEE_CLIPS = "see_clips"
    PLAY_CLIPS = "play_clips"
    SEE_UNASSIGNED = "see_unassigned"
    ASSIGN_FOOTAGE = "assign_footage"
    SEE_SITES = "see_sites"
    SEE_DEVICES = "see_devices"
    SEE_GATEWAYS = "see_gateways"
    IMPORT_REGISTERS = "import_registers"
    MANAGE_ACCOUNTS = "manage_accounts"


class NotPermittedError(Exception):
    """The role may never do this; the person needs another role, not another subject."""

    def __init__(self, *, role: Role, permission: Permission) -> None:
        super().__init__(f"the role {role} may not {permission.replace('_', ' ')}: ask your administrator")
        self.role, self.permission = role, permission


class NotVisibleError(Exception):
    """Absent, or outside the person's scope: both look the same, in text and in status."""

    def __init__(self, *, kind: str, number: str) -> None:
        super().__init__(f"no {kind} of this number is visible to you")
        self.kind, self.number = kind, number


_SEES = frozenset(
    {
        Permission.SEE_TODAY,
        Permission.SEE_OFFICER_DAYS,
        Permission.ASK,
        Permission.SEE_CASES,
        Permission.SEE_FINDINGS,
        Permission.SEE_CLIPS,
        Permission.SEE_SITES,
        Permission.SEE_DEVICES,
    }
)
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OFFICER: frozenset(
        {
            Permission.SEE_OFFICER_DAYS,
            Permission.ASK,
            Permission.SEE_FINDINGS,
            Permission.EXPLAIN_FINDINGS,
            Permission.SEE_CLIPS,
            Permission.PLAY_CLIPS,
        }
    ),
    Role.SUPERVISOR: _SEES
    | {
        Permission.PLAY_CLIPS,
        Permission.DECIDE_LINKS,
        Permission.EXEMPT_CASES,
        Permission.DECIDE_FINDINGS,
        Permission.SEE_UNASSIGNED,
        Permission.ASSIGN_FOOTAGE,
        Permission.SEE_GATEWAYS,
    },
    Role.CASE_OFFICER: _SEES | {Permission.PLAY_CLIPS, Permission.DECIDE_LINKS, Permission.EXEMPT_CASES},
    Role.CUSTODIAN: _SEES
    | {Permission.PLAY_CLIPS, Permission.SEE_UNASSIGNED, Permission.ASSIGN_FOOTAGE, Permission.SEE_GATEWAYS},
    Role.AUDITOR: _SEES | {Permission.SEE_UNASSIGNED, Permission.SEE_GATEWAYS},
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.SEE_SITES,
            Permission.SEE_DEVICES,
            Permission.SEE_GATEWAYS,
            Permission.IMPORT_REGISTERS,
            Permission.MANAGE_ACCOUNTS,
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose records an account may see. `units` None: all units; an empty set: none.

    An account of the role officer sees its own officer number and nobody else, whatever its units.
    """

    account: str
    role: Role
    units: frozenset[str] | None
    officer_number: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role has the permission."""
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises NotPermittedError where the role lacks the permission."""
        if not self.may(permission):
            raise NotPermittedError(role=self.role, permission=permission)

    @property
    def own_only(self) -> bool:
        """Whether this person sees records of one officer alone: their own."""
        return self.role is Role.OFFICER

    def sees_unit(self, unit_number: str | None) -> bool:
        """Whether records of this unit as a whole are visible. None is a record without a unit: only for all units."""
        if self.own_only:
            return False
        return self.units is None or (unit_number is not None and unit_number in self.units)

    def sees_officer(self, officer_number: str | None, unit_number: str | None) -> bool:
        """Whether records of this officer, then of this unit, are visible."""
        if self.own_only:
            return officer_number is not None and officer_number == self.officer_number
        return self.sees_unit(unit_number)
