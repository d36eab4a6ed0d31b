from __future__ import annotations

import enum


class DocumentState(enum.StrEnum):
    ISSUED = "issued"
    VOID = "void"
