"""A reference axis fixed once, and kilometre posts along it that stay put while the line moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import WGS84, FloatArray, LocalFrame
from truceline.line.contact import ContactLine

#: axis points are kept to this many decimals of a degree, as they stand in a file
_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A line fixed once per case, in pieces that follow each other; kilometres run on over gaps.

    Kilometre 0 is the end of the axis that lies further west (of two equally far, further south),
    unless another was asked for. Distances along it are geodesic; gaps between pieces count nothing.
    """

    pieces: tuple[BaseGeometry, ...]  #: line strings, WGS 84, in order and direction
    frame: LocalFrame
    reference: datetime  #: date of the line that it was made from
    tolerance_m: float  #: of its simplification

    @property
    def length_km(self) -> float:
        """Of all pieces, geodesic."""
        return float(self.piece_km[-1])

    @property
    def piece_km(self) -> FloatArray:
        """Kilometres at which pieces begin, and the end: (n_pieces + 1,)."""
        lengths = [
            float(WGS84.line_length(*shapely.get_coordinates(piece).T)) / 1000 for piece in self.pieces
        ]
        return np.concatenate([[0.0], np.cumsum(lengths)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Places along an axis: (n,) kilometres, longitudes and latitudes."""

    km: FloatArray
    longitude_deg: FloatArray
    latitude_deg: FloatArray


def fix_axis(
    contact: ContactLine,
    *,
    frame: LocalFrame,
    reference: datetime,
    tolerance_m: float = 5_000.0,
    gap_m: float = 100_000.0,
    shortest_m: float = 5_000.0,
    zero_near: tuple[float, float] | None = None,
) -> Axis:
    """Make the axis from the contact stretches of one date.

    1. Stretches of contact of at least ``shortest_m`` are simplified (Douglas and Peucker 1973) at
       ``tolerance_m`` in the plane of ``frame``.
    2. Beginning with the longest, the piece whose end is nearest to an end of the chain follows there,
       as long as the gap is at most ``gap_m``; what lies further is left out.
    3. The chain begins at its western end, or at the end nearer to ``zero_near`` (longitude, latitude).

    Raises
    ------
    ValueError
        If there is no stretch of contact that long.
    """
    lines = [
        frame.geometry_to_plane(stretch.line) for stretch in contact.stretches if stretch.reason == "contact"
    ]
    lines = [shapely.simplify(line, tolerance_m) for line in lines if line.length >= shortest_m]  # (1)
    if not lines:
        raise ValueError(f"no stretch of contact of {shortest_m / 1000:g} km or more: no axis can be fixed")
    chain = _chain([shapely.get_coordinates(line) for line in lines], gap_m=gap_m)  # (2)
    ends = [frame.to_globe(*point) for point in (chain[0][0], chain[-1][-1])]
    places = [(float(longitude), float(latitude)) for longitude, latitude in ends]
    if zero_near is None:  # (3)
        turn = places[1] < places[0]
    else:
        away = [WGS84.inv(*zero_near, *place)[2] for place in places]
        turn = away[1] < away[0]
    if turn:
        chain = [piece[::-1] for piece in reversed(chain)]
    pieces = []
    for piece in chain:
        globe = np.column_stack(frame.to_globe(piece[:, 0], piece[:, 1]))
        pieces.append(shapely.linestrings(np.round(globe, _DECIMALS)))
    return Axis(pieces=tuple(pieces), frame=frame, reference=reference, tolerance_m=tolerance_m)


def _chain(pieces: list[FloatArray], *, gap_m: float) -> list[FloatArray]:
    def size(piece: FloatArray) -> float:
        return float(np.hypot(*np.diff(piece, axis=0).T).sum())

    left = sorted(pieces, key=lambda piece: (-size(piece), piece.tolist()))
    chain = [left.pop(0)]
    while left:
        options = []
        for number, piece in enumerate(left):
            for at_end in (True, False):
                end = chain[-1][-1] if at_end else chain[0][0]
                for backwards in (False, True):
                    near = piece[-1 if backwards == at_end else 0]
                    options.append((float(np.hypot(*(near - end))), number, at_end, backwards))
        gap, number, at_end, backwards = min(options)
        if gap > gap_m:
            break
        piece = left.pop(number)
        piece = piece[::-1] if backwards else piece
        chain = [*chain, piece] if at_end else [piece, *chain]
    return chain


def place_posts(axis: Axis, *, every_km: float = 1.0, first_km: float = 0.0) -> Posts:
    """Posts at ``first_km`` and then each ``every_km``, equally far apart along the geodesics of the axis."""
    return locate_km(axis, np.arange(first_km, axis.length_km + 1e-9, every_km))


def locate_km(axis: Axis, km: FloatArray) -> Posts:
    """Places at given kilometres of the axis, (n,); kilometres beyond its ends are its ends."""
    starts = []
    for piece, begin_km in zip(axis.pieces, axis.piece_km[:-1], strict=True):
        points = shapely.get_coordinates(piece)
        bearing, _, length_m = WGS84.inv(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
        at_km = begin_km + np.concatenate([[0.0], np.cumsum(length_m)[:-1]]) / 1000
        starts.append(np.column_stack([at_km, points[:-1], bearing]))
    edges = np.vstack(starts)
    wanted = np.clip(km, 0.0, axis.length_km)
    edge = np.maximum(np.searchsorted(edges[:, 0], wanted, side="right") - 1, 0)
    along_m = (wanted - edges[edge, 0]) * 1000
    longitude, latitude, _ = WGS84.fwd(edges[edge, 1], edges[edge, 2], edges[edge, 3], along_m)
    return Posts(
        km=np.asarray(wanted), longitude_deg=np.asarray(longitude), latitude_deg=np.asarray(latitude)
    )
