"""The flags of ``truceline new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.base.language import LANGUAGES, speak


def _speak(chosen: str | None) -> str | None:
    """Ask in the language asked for."""
    if chosen is not None and chosen not in LANGUAGES:
        raise typer.BadParameter(f"{chosen!r} is not one of {', '.join(LANGUAGES)}.")
    speak(chosen)
    return chosen


def new(
    folder: Annotated[Path, typer.Argument(metavar="CASE", help="The folder to write; not there yet.")],
    *,
    title: Annotated[str | None, typer.Option("--title", help="Title of the truce.")] = None,
    party: Annotated[
        list[str] | None, typer.Option("--party", metavar="ID=NAME", help="A party; once for each.")
    ] = None,
    act: Annotated[
        list[str] | None, typer.Option("--act", metavar="ID=NAME", help="What it forbids; once for each.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="TIME", help="When it begins.")] = None,
    stop: Annotated[str | None, typer.Option("--stop", metavar="TIME", help="When it ends.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Zone in which its days are counted.")] = None,
    incidents: Annotated[
        Path | None, typer.Option("--incidents", metavar="FILE", exists=True, help="A table of incidents.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME=HEADER",
            help="A column of that table: time, date, clock, longitude_deg, latitude_deg, coordinates, act, accused_party_id (who acted, by the record), text, place_name …; no header: it has none.",
        ),
    ] = None,
    word: Annotated[
        list[str] | None,
        typer.Option("--word", metavar="WORD=ACT", help="A kind in that table, as an act; *=ACT: every row."),
    ] = None,
    actor: Annotated[
        list[str] | None,
        typer.Option(
            "--actor",
            metavar="NAME=PARTY",
            help="A name in the column of who acted, as a party; others are nobody.",
        ),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option(
            "--time-format",
            metavar="PATTERN",
            help="How its times are written, such as %d/%m/%Y %H:%M, epoch_s, epoch_ms or excel.",
        ),
    ] = None,
    times_zone: Annotated[
        str | None, typer.Option("--times-zone", metavar="ZONE", help="Zone of its times. Default: --zone.")
    ] = None,
    coordinates_order: Annotated[
        str | None,
        typer.Option(
            "--coordinates-order", metavar="ORDER", help="lat_lon or lon_lat, of two numbers in one cell."
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Its encoding, such as cp1251.")
    ] = None,
    header_row: Annotated[
        int | None, typer.Option("--header-row", metavar="ROW", min=1, help="The row of its header.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", "--sheet", metavar="NAME", help="Its layer or sheet.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="SIGN", help="What separates its fields.")
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option("--crs", metavar="EPSG", help="Its reference system, where the file names none."),
    ] = None,
    accuracy: Annotated[
        float | None,
        typer.Option("--accuracy", metavar="METRES", min=1, help="How far off its places may be."),
    ] = None,
    looked_every_day: Annotated[
        str | None,
        typer.Option(
            "--looked-every-day",
            metavar="yes|no|unknown",
            help="Whether a day without a row was looked at, so that it is a day without incidents. Default: unknown.",
        ),
    ] = None,
    hard: Annotated[
        bool, typer.Option("--hard", help="Its rows are records of instruments or of your own observers.")
    ] = False,
    publisher: Annotated[str, typer.Option("--publisher", help="Who made the table.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="By which licence it may be used.")] = "",
    line: Annotated[
        Path | None, typer.Option("--line", metavar="FILE", exists=True, help="The line, or held ground.")
    ] = None,
    line_date: Annotated[
        str | None, typer.Option("--line-date", metavar="DAY", help="From when the line is shown.")
    ] = None,
    left: Annotated[
        str | None,
        typer.Option(
            "--left",
            metavar="PARTY",
            help="Who is left of the line as drawn, or holds the polygons: id or name.",
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region", metavar="W,S,E,N", help="Where the case lies, in degrees. Default: around its files."
        ),
    ] = None,
    line_publisher: Annotated[str, typer.Option("--line-publisher", help="Who made the map.")] = "",
    line_licence: Annotated[
        str, typer.Option("--line-licence", help="By which licence it may be used.")
    ] = "",
    language: Annotated[  # noqa: ARG001 - its callback speaks it
        str | None,
        typer.Option(
            "--language",
            metavar="CODE",
            envvar="TRUCELINE_LANGUAGE",
            callback=_speak,
            is_eager=True,
            help="Language of the questions and of the case: en, uk or ru.",
        ),
    ] = None,
    accept: Annotated[
        bool,
        typer.Option("--yes", help="Take every proposal; what has none is an error that names its flag."),
    ] = False,
) -> None:
    """Begin a case by answering questions; files are looked at, and columns proposed."""
    from truceline.faces.cli.new import Given, make_case

    said = {
        "time_format": time_format,
        "coordinates_order": coordinates_order,
        "encoding": encoding,
        "header_row": header_row,
        "layer": layer,
        "delimiter": delimiter,
        "crs": crs,
    }
    given = Given(
        title=title,
        parties=party or (),
        acts=act or (),
        start=start,
        stop=stop,
        zone=zone,
        incidents=incidents,
        line=line,
        line_date=line_date,
        left=left,
        region=region,
        words=word or (),
        actors=actor or (),
        columns=column or (),
        options={name: value for name, value in said.items() if value is not None},
        times_zone=times_zone,
        position_sd_m=accuracy,
        looked_every_day=looked_every_day,
        hard=hard,
        publisher=publisher,
        licence=licence,
        line_publisher=line_publisher,
        line_licence=line_licence,
        accept=accept,
    )
    make_case(folder, given)
