"""Which sectors an order was acknowledged in, and which series are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from truceline.assurance.contrast import measure_contrast
from truceline.assurance.series import Series
from truceline.base.intervals import Interval
from truceline.desk.orders import Register
from truceline.desk.sheet import acknowledged_sectors
from truceline.findings.order_worth import OrderWorth


def weigh_order(
    registers: Sequence[Register],
    *,
    kind: str,
    series_id: str,
    window: Interval,
    series_of: Callable[[str], Series],
    seed: int,
) -> OrderWorth:
    """Compare sectors where all groups had acknowledged by the window's start with those where none had by its end.

    ``series_of`` gives a sector's series.
    """
    before = acknowledged_sectors(registers, kind=kind, by=window.start)
    after = acknowledged_sectors(registers, kind=kind, by=window.stop)
    acknowledged = tuple(sector for sector, (done, n) in before.items() if done == n)
    unacknowledged = tuple(
        sector for sector, (done, _) in after.items() if done == 0 and sector not in acknowledged
    )
    between = tuple(
        sector for sector in before if sector not in acknowledged and sector not in unacknowledged
    )
    return OrderWorth(
        series_id=series_id,
        window=window,
        acknowledged=acknowledged,
        unacknowledged=unacknowledged,
        between=between,
        contrast=measure_contrast(
            [series_of(sector) for sector in acknowledged],
            [series_of(sector) for sector in unacknowledged],
            seed=seed,
        ),
        put_aside=sum(len({problem.row for problem in one.problems}) for one in registers),
    )
