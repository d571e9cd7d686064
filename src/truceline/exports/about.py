"""What every export says of itself: case, version, run, as-of, edition, licence."""

from __future__ import annotations

from truceline.base.intervals import format_time
from truceline.exports.result import Record, Result

NULLS = "An empty value is not known or does not apply; it is never zero."
BOUNDS = "Where no bound is possible the words no_bound stand in place of a number."
TIMES = "Times are UTC, intervals half-open: the stop is the first moment outside."
PLACES = "Places are WGS 84, longitude and latitude in degrees."


def about(result: Result) -> Record:
    """The facts, in the order in which every export gives them; values are text."""
    window = result.window
    return {
        "case_id": result.case_id,
        "title": result.title,
        "software": f"truceline {result.version}",
        "version": result.version,
        "run_id": result.run_id,
        "as_of": str(result.document["as_of"]),
        "edition": result.edition,
        "invented": "yes: everything in it is invented" if result.is_invented else "no",
        "terms_version": str(result.document["terms_version"]),
        "window_start": format_time(window.start),
        "window_stop": format_time(window.stop),
        "licence": licence(result),
        "notes": f"{NULLS} {BOUNDS} {TIMES} {PLACES}",
    }


def licence(result: Result) -> str:
    """Licences of the sources, in a sentence; the whole has none that the parts do not give it."""
    lines = [f"{item.title}: {item.licence}" for item in result.attributions if item.state == "read"]
    return "Each source under its own licence. " + "; ".join(lines) + "."


def attribution_lines(result: Result) -> list[str]:
    """Whom to name, a line each."""
    return [item.line for item in result.attributions if item.state == "read"]


def caution(result: Result) -> str:
    """What stands in front of everything made from a simulated case; empty for another."""
    return "INVENTED: a simulated case. " if result.is_invented else ""
