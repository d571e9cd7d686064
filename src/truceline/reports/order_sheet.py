"""The sheet of orders as one page for printing: no network, no second file, no script."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from truceline.base.intervals import format_time
from truceline.base.language import _, language
from truceline.desk.sheet import STATES, Sheet, span_words, tell_absent, tell_counts


def render_sheet(sheet: Sheet) -> str:
    """The page: who has not acknowledged first; every text escaped, and no request allowed."""
    environment = Environment(
        loader=PackageLoader("truceline.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    start, stop = sheet.span
    return environment.get_template("order_sheet.html.j2").render(
        _=_,
        lang=language(),
        sheet=sheet,
        counts=tell_counts(sheet),
        absent=tell_absent(sheet.absent),
        states={state: _(word) for state, word in STATES.items()},
        open_lines=[line for line in sheet.lines if line.state in ("refused", "silent", "not_issued", "waiting")],
        answered=[line for line in sheet.lines if line.state in ("late", "acknowledged", "countermanded")],
        at=format_time(sheet.at),
        hour=format_time(sheet.hour),
        start=format_time(start),
        stop=format_time(stop),
        clock=_clock,
        span_words=span_words,
        css=Markup((files("truceline.reports") / "templates" / "review.css").read_text(encoding="utf-8")),
    )  # fmt: skip


def _clock(moment: datetime | None) -> str:
    return _("not yet") if moment is None else moment.strftime("%d.%m. %H:%MZ")
