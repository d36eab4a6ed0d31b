"""Which moves a post and a load may make."""

from __future__ import annotations

import enum


class PostState(enum.StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class PostAct(enum.StrEnum):
    CLOSE = "close"
    REOPEN = "reopen"


POST_MOVES = {
    (PostState.OPEN, PostAct.CLOSE): PostState.CLOSED,
    (PostState.CLOSED, PostAct.REOPEN): PostState.OPEN,
}


class LoadState(enum.StrEnum):
    SENT = "sent"
    """Warehouse to post in one act; departure and arrival as two acts come with trips."""
    RETURNED = "returned"


class LoadAct(enum.StrEnum):
    RETURN = "return"


LOAD_MOVES = {(LoadState.SENT, LoadAct.RETURN): LoadState.RETURNED}
