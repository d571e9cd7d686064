"""Share of an area under cloud, daily: how much less a source that looks from above could see.

The rows are coverage of another source (option ``of_source``). Days that the table does not
name are unknown, neither clear nor overcast.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import Field

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.words import some
from truceline.schema.table import Record
from truceline.sources.days import Zone, local_day, local_days
from truceline.sources.option_names import expect_names, of_mapping
from truceline.sources.outcome import conclude, read_each, sentence_list
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables


class CloudOptions(Model):
    """Options of ``cloud_cover``."""

    of_source: str = Field(description="id of the source whose sight clouds reduce")
    columns: dict[str, str] = Field(min_length=1, description="header of a share → area of the case")
    date_column: str = Field("date", description="header of the date")
    zone: Zone = Field("UTC", description="zone whose days the shares are of (IANA name)")


@SOURCES.add
class CloudCover(Source):
    """See the module."""

    name: ClassVar[str] = "cloud_cover"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Daily share of areas under cloud (CSV)"
    Options: ClassVar[type[Model]] = CloudOptions
    options: CloudOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Each share becomes a coverage row: available share = 1 − cloud."""
        tables = SourceTables()
        areas = self._areas(context)
        coverage: list[Record] = []
        known: dict[date, list[Record]] = {}

        def read_file(file: InputFile) -> None:
            columns = [self.options.date_column, *self.options.columns]
            rows = []
            for row in Sheet(file, tables, deferred=True).csv_rows(columns=columns):
                read = self._day(row, context, areas)
                if read is None:
                    row.close()
                else:
                    rows.append((row, *read))
            disputed = _disputed_days([(day, records) for _, day, records in rows])
            for row, day, records in rows:
                if day in disputed:
                    row.wrong("id_repeated", "two rows of this day differ; neither is used", column=self.options.date_column, got=day.isoformat(), expected="one row for each day", next_step="Remove the wrong row")  # fmt: skip
                    row.close()
                elif day in known:
                    row.repeated()
                elif not local_day(day, self.options.zone).overlaps(context.span):
                    row.outside()
                else:
                    row.use()
                    known[day] = records

        read_each(context, tables, read=read_file)
        for records in known.values():
            coverage += records
        missing = [day.isoformat() for day in local_days(context.span, self.options.zone) if day not in known]
        if missing:
            tables.notes.append(f"No cloud cover is given for {some(len(missing), 'day')} of the span: {sentence_list(missing)}. Unknown, not clear.")  # fmt: skip
        return conclude(tables, context, coverage=coverage)

    def _areas(self, context: ReadContext) -> dict[str, str]:
        """Header → area id.

        Raises
        ------
        InputError
            If the case lacks one of the areas.
        """
        expect_names(context, areas=of_mapping("columns", self.options.columns))
        found = {header: context.area(name) for header, name in self.options.columns.items()}
        return {header: area_id for header, area_id in found.items() if area_id is not None}

    def _day(self, row: Row, context: ReadContext, areas: dict[str, str]) -> tuple[date, list[Record]] | None:
        day = row.day(self.options.date_column)
        shares = {header: row.number_of(header, required=True, at_least=0, at_most=1) for header in areas}
        if day is None or not row.ok:
            return None
        window = local_day(day, self.options.zone)
        records: list[Record] = [
            {
                "coverage_id": short_id("cov", context.source_id, self.options.of_source, areas[header], day),
                "source_id": self.options.of_source,
                "area_id": areas[header],
                "window_start": window.start,
                "window_stop": window.stop,
                # rounded, so that 1 - 0.8234 is written as it would be by hand
                "available_share": round(1 - share, 12),
                "reason": "cloud",
                "note": f"{share:.0%} of the area under cloud, by {context.source_id}",
                **row.provenance,
            }
            for header, share in shares.items()
            if share is not None
        ]
        return day, records


def _disputed_days(rows: list[tuple[date, list[Record]]]) -> set[date]:
    """Days on which two rows give different shares."""
    first: dict[date, list[float]] = {}
    disputed = set()
    for day, records in rows:
        shares = [record["available_share"] for record in records]
        if first.setdefault(day, shares) != shares:
            disputed.add(day)
    return disputed
