"""Whose ground it is, as attribution sees it: signed distances at a date, and how well they are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.line.distances import Held, line_distances_m
from truceline.line.history import LineHistory
from truceline.line.uncertainty import LineSpread, age_of_line_days, measure_spread


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """Where the line of one holder is.

    distance_m : (longitude_deg, latitude_deg, at_us) → (n,) metres, positive on the holder's side.
    sd_m : (at_us) → (n,) standard deviation of the line's place, metres.
    at_us : (n,) moments as microseconds since 1970.
    """

    holder_party_id: str
    distance_m: Callable[[FloatArray, FloatArray, IntArray], FloatArray]
    sd_m: Callable[[IntArray], FloatArray]


def view_line(
    history: LineHistory, *, frame: LocalFrame, spread: LineSpread | None = None
) -> LineView | None:
    """A map's line; None where it holds no shape.

    spread : what was measured of the map's uncertainty (``line.uncertainty.measure_spread``: the map's own,
    or its disagreement with a second map); without it the map's own, else an assumption. A line grows
    uncertain with each day on which it is not redrawn.
    """
    if not history.snapshots:
        return None
    known = spread or measure_spread(history)
    kept: dict[int, Held] = {}

    def distance(longitude_deg: FloatArray, latitude_deg: FloatArray, at_us: IntArray) -> FloatArray:
        return line_distances_m(history, longitude_deg, latitude_deg, at_us=at_us, frame=frame, kept=kept)

    def sd(at_us: IntArray) -> FloatArray:
        return known.at_age(age_of_line_days(history, at_us))

    return LineView(holder_party_id=history.snapshots[0].holder_party_id, distance_m=distance, sd_m=sd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Each party's ground. A party without a line of its own holds what no other's line holds."""

    parties: tuple[str, ...]
    views: tuple[LineView | None, ...]  #: one a party

    def inside_m(self, longitude_deg: FloatArray, latitude_deg: FloatArray, at_us: IntArray) -> FloatArray:
        """(n, n_parties) signed distance, positive on each party's own ground; NaN where no map tells."""
        found = np.full((len(longitude_deg), len(self.parties)), np.nan)
        for k, view in enumerate(self.views):
            if view is not None:
                found[:, k] = view.distance_m(longitude_deg, latitude_deg, at_us)
        drawn = np.array([view is not None for view in self.views])
        # NaN of one map is unknown ground, not ground of the others
        found[:, ~drawn] = -found[:, drawn].max(axis=1)[:, None]
        return found

    def sd_m(self, at_us: IntArray) -> FloatArray:
        """(n,) standard deviation of the lines' places: that of the least certain."""
        each = [view.sd_m(at_us) for view in self.views if view is not None]
        return np.asarray(np.max(each, axis=0), dtype=np.float64)


def see_grounds(
    line: LineHistory | LineView | Sequence[LineHistory | LineView] | None,
    *,
    parties: Sequence[str],
    frame: LocalFrame | None,
    spread: LineSpread | None = None,
) -> Grounds | None:
    """The grounds of the parties by one map, or by one for each of several holders.

    None where no line is of a party, or fewer than two parties could be told apart.

    Raises
    ------
    ValueError
        If a map's line comes without the frame in which distances are measured.
    """
    several = isinstance(line, Sequence)
    given: Sequence[LineHistory | LineView] = line if several else [] if line is None else [line]  # type: ignore[assignment, list-item]
    views: dict[str, LineView] = {}
    for one in (each for line in given for each in (line, *getattr(line, "others", ()))):
        view = _view(one, frame, spread)
        if view is not None and view.holder_party_id in parties:
            views.setdefault(view.holder_party_id, view)
    if not views or len(parties) < 2:
        return None
    return Grounds(parties=tuple(parties), views=tuple(views.get(party) for party in parties))


def _view(
    line: LineHistory | LineView, frame: LocalFrame | None, spread: LineSpread | None
) -> LineView | None:
    if isinstance(line, LineView):
        return line
    if frame is None:
        raise ValueError("a map's line needs the frame in which distances are measured")
    return view_line(line, frame=frame, spread=spread)
