"""What goes wrong, as values a person can be told: a code, plain facts, and a status for machines.

The sentence a person reads lives in ``core/locale/sentences/<noun>.toml`` under the code, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

Fact = str | int | float | bool | None | list[str]


class Refused(Exception):
    """Stop the work in hand and say why; nothing of it is kept."""

    status: ClassVar[int] = 422

    def __init__(self, code: str, /, **facts: Fact) -> None:
        super().__init__(code)
        self.code = code
        self.facts: dict[str, Fact] = facts

    def __str__(self) -> str:
        return f"{self.code} {self.facts}" if self.facts else self.code


class Invalid(Refused):
    """The order itself is wrong; ``field`` names the part of it, where there is one."""

    status = 422

    def __init__(self, code: str, /, *, field: str | None = None, **facts: Fact) -> None:
        super().__init__(code, **facts)
        self.field = field


class Malformed(Refused):
    """The bytes are not what they claim to be (JSON, CSV, a token)."""

    status = 400


class Unauthorized(Refused):
    status = 401


class Forbidden(Refused):
    status = 403


class NotFound(Refused):
    """Also for what exists but belongs to somebody else."""

    status = 404


class Conflict(Refused):
    """The order was right once, the world has moved on."""

    status = 409


class TooLarge(Refused):
    status = 413


class TooMany(Refused):
    status = 429


class Busy(Refused):
    """Nothing was done; the same order may be sent again."""

    status = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What is wrong with one row of a file: a value, so that every row gets its outcome."""

    code: str
    row: int
    column: str = ""
    is_warning: bool = False
    facts: Mapping[str, Fact] = field(default_factory=dict)
