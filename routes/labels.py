"""Labels asked for, by batch: how many boxes of how much, and what each label then says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.errors import Invalid
from core.measures import Milli
from reports.labels import LabelView, build_roll, build_sheets
from routes import context
from stock.ledger.papers import variant_of
from stock.ledger.queries import BatchView

SHEET, ROLL = "a4", "58"
FORMATS: Final = (SHEET, ROLL)
MOST_LABELS: Final = 1_200
"""Fifty sheets: more than anybody sticks on in a day, and a printed file of a few megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOrder:
    """Labels for the boxes of one batch; ``content_milli`` is in a full box, the last one may hold less."""

    batch: BatchView
    place: str
    total_milli: Milli
    """What is to be labelled."""
    content_milli: Milli
    boxes: int
    funding: str


def batch_address(code: str) -> str:
    """Give what the QR of a batch holds: the address of its page."""
    return f"{context.runtime().settings.public_url}/stok/batch/{code}"


def boxes_for(total_milli: int, content_milli: int) -> int:
    """Tell how many boxes of this content the quantity fills, the last one perhaps in part."""
    return -(-total_milli // content_milli) if content_milli > 0 else 0


def labels_of(orders: Iterable[LabelOrder], *, is_demo: bool) -> list[LabelView]:
    """Make the labels, box by box. The last box says what is left where the boxes are just as many as the goods need.

    Raises: Invalid("stock_paper.too_many_labels").
    """
    made: list[LabelView] = []
    asked = list(orders)
    if (count := sum(one.boxes for one in asked)) > MOST_LABELS:
        raise Invalid("stock_paper.too_many_labels", field="count-1", labels=count, most=MOST_LABELS)
    for one in asked:
        for no in range(1, one.boxes + 1):
            content = one.content_milli
            if no == one.boxes == boxes_for(one.total_milli, one.content_milli):
                content = Milli(one.total_milli - (no - 1) * one.content_milli)
            made.append(
                LabelView(
                    address=batch_address(one.batch.code), item=one.batch.item.name_id, variant=variant_of(one.batch),
                    batch=one.batch.code, expires_on=one.batch.expires_on, funding=one.funding, content_milli=content,
                    unit=one.batch.item.base_unit, box_no=no, boxes=one.boxes, place=one.place, is_demo=is_demo,
                )
            )  # fmt: skip
    return made


def print_labels(labels: list[LabelView], form: str, first: int) -> bytes:
    """Print labels on sheets from a label on, or on a roll. Raises: Invalid("stock_paper.no_labels")."""
    if not labels:
        raise Invalid("stock_paper.no_labels", field="count-1")
    return build_roll(labels) if form == ROLL else build_sheets(labels, first)
