"""Regions and their boundaries."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, state_column
from registry_link.regions.states import Level


class Region(Base):
    """A province, regency, district or village by its Kemendagri code; BPS codes stand beside it."""

    __tablename__ = "region"
    __table_args__ = (
        sa.Index(None, "regency_code", "level"),
        sa.Index(None, "bps_code"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(sa.ForeignKey("region.code"), index=True)
    level: Mapped[Level] = state_column(Level, "level")
    kind: Mapped[str]
    """provinsi, kabupaten, kota, kecamatan, desa, kelurahan."""
    bps_code: Mapped[str | None]
    bps_name: Mapped[str | None]
    regency_code: Mapped[str | None]
    """The regency it is or lies in; none for a province."""
    time_zone: Mapped[str | None]
    """IANA name, where the list gives one (regencies)."""
    name_key: Mapped[str]
    """The name as it is compared: see ``rules.name_key``."""


class Boundary(Base):
    """The outline of one region, as the file gave it."""

    __tablename__ = "boundary"
    __table_args__ = (sa.Index(None, "regency_code", "level"),)

    region_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)
    regency_code: Mapped[str]
    level: Mapped[Level] = state_column(Level, "level")
    geojson: Mapped[str]
    """A GeoJSON Polygon or MultiPolygon; degrees, WGS 84, longitude first."""
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]
    area_km2: Mapped[float]
    loaded_at: Mapped[datetime]
