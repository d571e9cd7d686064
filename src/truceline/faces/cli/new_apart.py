"""Whether the incidents and the map of a new case are of the same part of the world."""

from __future__ import annotations

from truceline.base.language import _
from truceline.faces.cli.new_questions import Asker, Unanswered
from truceline.faces.cli.render import print_lines
from truceline.workflow.sniff_places import Box, lie_apart


def check_apart(ask: Asker, shown: Box | None, near: Box | None, *, region: str | None) -> None:
    """Ask where the incidents lie far from the map; with ``--yes`` it is an error that names both places.

    ``region``: as it was given; who names the region knows where the case lies.

    Raises
    ------
    Unanswered
        If the map is not the right one.
    """
    apart = lie_apart(shown, near)
    if not apart or shown is None or near is None or region is not None:
        return
    what = _("The incidents lie at {incidents}, and the line or held ground at {map}: nowhere near each other.").format(incidents=_place(shown), map=_place(near))  # fmt: skip
    if apart == "exchanged":
        what += " " + _("The line looks as if its axes were exchanged (a layer has the longitude first); or those of the incidents are.")  # fmt: skip
    mend = _("--line FILE of the right place, or --column longitude_deg=HEADER --column latitude_deg=HEADER as they truly are; if both are right, --region W,S,E,N")  # fmt: skip
    if ask.accept:
        ask.need(what, mend)
        return
    print_lines(["  " + what])
    if not ask.yes(_("Are both right all the same?"), flag="--region W,S,E,N", proposal=_("no")):
        raise Unanswered(_("{question} Give {flag}.").format(question=what, flag=mend))


def _place(box: Box) -> str:
    west, south, east, north = (f"{degrees:.4g}" for degrees in box)
    return _("longitude {west} to {east}, latitude {south} to {north}").format(west=west, east=east, south=south, north=north)  # fmt: skip
