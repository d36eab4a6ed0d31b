"""What a request must say, and who may decide it; pure."""

from __future__ import annotations

from typing import Final

from registry_link.privacy.states import Asker, Ground, IdentityDocument

SHORTEST_REASON: Final = 10
LONGEST_TEXT: Final = 500
_BY_DUTY: Final = (Ground.NOT_NEEDED, Ground.UNLAWFUL)
_SHOWS: Final = {
    Asker.MEMBER: (IdentityDocument.KTP, IdentityDocument.KK, IdentityDocument.DRIVING_LICENCE,
                   IdentityDocument.VILLAGE_LETTER),
    Asker.GUARDIAN: (IdentityDocument.KTP, IdentityDocument.KK, IdentityDocument.VILLAGE_LETTER),
    Asker.REPRESENTATIVE: (IdentityDocument.ATTORNEY,),
    Asker.OFFICE: (IdentityDocument.NONE,),
}  # fmt: skip


def is_shown(asker: Asker, document: IdentityDocument) -> bool:
    """Tell whether this document answers who asks."""
    return document in _SHOWS[asker]


def ground_fits(ground: Ground, asker: Asker) -> bool:
    """Tell whether the ground is one on which this asker asks: the office acts by duty, others by their own right."""
    return (ground in _BY_DUTY) if asker is Asker.OFFICE else True


def may_decide(*, actor_id: str, asked_by: str) -> str | None:
    """Tell why somebody may not decide a request, as the code of a sentence; None when they may."""
    return "erasure.own" if actor_id == asked_by else None
