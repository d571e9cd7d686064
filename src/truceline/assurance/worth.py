"""What each source is worth: how much less is known without it.

Leave-one-out: the bound on what went unseen and the interval of the total, once with all sources and
once as if one had not been there. It shows where to look, and where nobody looks: the mission's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from truceline.assurance.series import Bound
from truceline.assurance.totals import Total


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """A source's worth for an act; the rest as with all sources. None: no number can be had.

    bound_hi95 : limit on what went unseen, for acts spread as they used to be. width : of the total's
    95 % interval.
    """

    source_id: str
    act: str
    bound_hi95: float | None
    bound_without_hi95: float | None
    width: float | None
    width_without: float | None


def measure_worth(
    sources: Sequence[str],
    acts: Sequence[str],
    *,
    bound: Callable[[str, str | None], Bound],
    total: Callable[[str | None], Sequence[Total]],
) -> tuple[Worth, ...]:
    """Worth of each source for each act, in their order.

    bound : of an act, without a source (None: with all). total : one total for each act, without a source.
    """
    width = {one.act: _width(one) for one in total(None)}
    whole = {act: bound(act, None).history_hi95 for act in acts}
    found = []
    for source in sources:
        without = {one.act: _width(one) for one in total(source)}
        for act in acts:
            found.append(
                Worth(
                    source_id=source,
                    act=act,
                    bound_hi95=whole[act],
                    bound_without_hi95=bound(act, source).history_hi95,
                    width=width.get(act),
                    width_without=without.get(act),
                )
            )
    return tuple(found)


def _width(one: Total) -> float | None:
    return None if one.lo95 is None or one.hi95 is None else one.hi95 - one.lo95
