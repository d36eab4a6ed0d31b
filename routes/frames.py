"""The frame of a page that an incident and a term share: whose tabs and heading stand above it."""

from __future__ import annotations

from typing import Any

from routes.occasion import Occasion
from routes.pages import bansos, incident


def frame_of(here: Occasion, tab: str) -> dict[str, Any]:
    """Give what the templates of plan, dispatch and handover extend, and what stands above their tabs."""
    if here.term is not None:
        return {"here": here, "frame_page": "bansos/base.html", **bansos.term_frame(here.term, tab)}
    assert here.incident is not None
    return {"here": here, "frame_page": "incident/base.html", **incident.frame(here.incident, tab)}
