"""Pure rules of accounts: which roles exclude each other, what a password must be."""

from __future__ import annotations

import re

from core.actor import Grant, Role, ScopeKind

SHORTEST = 12
LONGEST = 128
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}", re.ASCII)
COMMON = frozenset(
    [
        "password1234",
        "123456789012",
        "1234567890123",
        "qwertyuiop12",
        "passwordpassword",
        "adminadminadmin",
        "administrator",
        "dinassosial",
        "dinassosial123",
        "indonesia1234",
        "indonesia2026",
        "kabupaten1234",
        "bismillah1234",
        "sayangsayang",
        "rahasia12345",
        "tanggapdarurat",
        "bencana12345",
        "selamatdatang",
        "selamatpagi1",
        "merdeka12345",
        "merdeka1945",
        "garuda1234567",
    ]
)
_ALONE = frozenset({Role.ADMIN, Role.AUDITOR, Role.HEAD})
"""Who gives rights has no data; who approves does not plan; who audits does neither (safety.md 3.2)."""


def roles_clash(grants: tuple[Grant, ...]) -> bool:
    """Tell whether one person would hold roles that must not meet in one hand."""
    roles = {grant.role for grant in grants}
    return len(roles) > 1 and bool(roles & _ALONE)


def scope_fits(grant: Grant) -> bool:
    """Tell whether a role can be held within this kind of scope."""
    match grant.role:
        case Role.WAREHOUSE:
            return grant.scope is ScopeKind.PLACE
        case Role.FIELD:
            # At a post for handing over, in a village for going from door to door.
            return grant.scope in (ScopeKind.PLACE, ScopeKind.VILLAGE, ScopeKind.DISTRICT)
        case Role.VILLAGE:
            return grant.scope in (ScopeKind.VILLAGE, ScopeKind.DISTRICT)
        case _:
            return grant.scope is ScopeKind.OFFICE


def password_problem(password: str, username: str) -> str | None:
    """Give the code of what is wrong with a password, or None."""
    if len(password) < SHORTEST:
        return "account.password_short"
    if len(password) > LONGEST:
        return "account.password_long"
    lowered = password.lower()
    if lowered in COMMON or username in lowered or len(set(lowered)) < 5:
        return "account.password_common"
    return None
