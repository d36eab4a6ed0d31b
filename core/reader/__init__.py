"""Tables of strangers (CSV, XLSX), parsed in a process of their own that may die without anybody noticing."""

from core.reader.tables import (
    READER,
    Cell,
    CellKind,
    ReaderLimits,
    Row,
    Table,
    read_table,
)

__all__ = ["READER", "Cell", "CellKind", "ReaderLimits", "Row", "Table", "read_table"]
