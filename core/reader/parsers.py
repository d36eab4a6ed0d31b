"""Which parsers the child process may be asked for; nothing else is imported by name."""

from __future__ import annotations

from typing import Final

PARSERS: Final = (
    "registry_link.completion.point_parser",
    "logistics.zones.reading.document",
    "logistics.zones.reading.geojson",
    "logistics.zones.reading.kml",
    "logistics.zones.reading.shapefile_zip",
    "logistics.zones.reading.region_list",
    "logistics.zones.reading.uniting",
    "logistics.zones.reading.cap",
    "logistics.zones.reading.alert_index",
    "logistics.zones.reading.report_text",
    "logistics.zones.reading.bnpb_table",
    "logistics.packages.profile_file",
)
