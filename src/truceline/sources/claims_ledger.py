"""A ledger of claims: who says how many acts of whom, in which window, read where.

The convention (CSV with a header; * = column must be there, empty values allowed unless said):

====================  =============================================================================
column                meaning
====================  =============================================================================
claim_id              id within the ledger; made from the content where absent
truce                 which truce it is about (option ``truce`` keeps one)
window_start_local *  ISO time with offset, or a date; ``unknown`` or empty: open
window_end_local *    the same; a date is the whole of that day
claimant *            who says it; option ``speakers`` gives the side (filled in each row)
accused *             party whose acts are counted; option ``parties`` translates (filled in each row);
                      ``all``: of all parties together, where the claimant cannot or does not say whose
measure *             what was counted, in the claimant's words (filled in each row)
act, unit             act of the terms, what one is; they win over option ``measures``
count *               the number; ``>30``, ``≈ 900`` and ``1,300`` are read; empty: none was given
relation              ``=``, ``≥`` (or ``>``), ``≈`` (or ``~``); wins over signs and words
direction             ceased, reduced, unchanged, increased: change asserted in words
area                  area of the case, by any of its names
part_of               claim_id of the total that this is a part of
outlet, url           where it was read; ``same`` as url: that of the claimant's nearest row above
published             ISO date; ``unknown`` or empty
window_precision      exact, approximate, date_only, open; else told from the times and the note
note                  free words
====================  =============================================================================

Where no column says so, ``≥`` and ``≈`` are taken from the note if it repeats the count with a
sign or a word (``>30``, ``over 1,300``, ``about 900``), an approximate window from a note that
calls it so, and a direction, for rows without a count, from a note or measure that names it.
Who counts whom (``kind``) follows from speaker and accused alone.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from truceline.base.canonical import canonical_json, short_id
from truceline.base.documents import Model
from truceline.schema.claims import TOGETHER
from truceline.schema.table import Record
from truceline.sources.claim_parts import Total, link_parts
from truceline.sources.claim_words import (
    claim_kind,
    claim_window,
    read_count,
    read_direction,
    read_relation,
)
from truceline.sources.days import Zone
from truceline.sources.outcome import conclude, read_each, sentence_list
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

COLUMNS = ("window_start_local", "window_end_local", "claimant", "accused", "measure", "count")


class MeasureMeaning(Model):
    """What a claimant's words mean in the terms of the truce."""

    act: str | None = Field(None, description="act of the terms; null: several, or none of them")
    unit: str | None = Field(None, description="what one is")
    direction: Literal["ceased", "reduced", "unchanged", "increased"] | None = Field(
        None, description="change that the words assert, for measures without a number"
    )
    area: str | None = Field(None, description="area that the words name")
    part_label: str | None = Field(None, description="name of the part, for people; added to the note")


class LedgerOptions(Model):
    """Options of ``claims_ledger``."""

    truce: str | None = Field(None, description="value of the column `truce` to keep; null: every row")
    speakers: dict[str, str | None] = Field(description="claimant → party; null: a speaker of neither side")
    parties: dict[str, str] = Field(
        default_factory=dict, description="spelling in the column `accused` → party; ids need none"
    )
    measures: dict[str, MeasureMeaning] = Field(
        default_factory=dict, description="measure → its act, unit, direction, area"
    )
    totals: list[Total] = Field(default_factory=list, description="which measures are parts of which total")
    zone: Zone | None = Field(None, description="zone of dates and of times without an offset (IANA name)")


@SOURCES.add
class ClaimsLedger(Source):
    """See the module."""

    name: ClassVar[str] = "claims_ledger"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Ledger of claims: speaker, accused, measure, window, count, outlet (CSV)"
    Options: ClassVar[type[Model]] = LedgerOptions
    options: LedgerOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Rows become claims; parts are linked to their totals."""
        tables = SourceTables()
        claims: list[Record] = []
        wanted: dict[str, tuple[Row, str]] = {}
        unmapped: set[str] = set()
        named: set[str] = set()

        def read_file(file: InputFile) -> None:
            rows = list(Sheet(file, tables, deferred=True).csv_rows(columns=COLUMNS))
            urls = _resolve_urls(rows)
            named.update(filter(None, (row.text("claim_id") for row in rows)))
            for row, url in zip(rows, urls, strict=True):
                claim = self._claim(row, context, url=url, unmapped=unmapped)
                if claim is not None:
                    claims.append(claim)
                    wanted[_row_key(row)] = (row, row.text("part_of") or "")

        read_each(context, tables, read=read_file)
        kept = self._settle(claims, wanted, context, named=named)
        tables.notes += _drop_unused_totals(kept)
        link_parts(kept, self.options.totals, tables, label=f"source {context.source_id}")
        if unmapped:
            tables.notes.append(
                f"No act is given for these measures, so they speak to no obligation: {sentence_list(sorted(unmapped), at_most=40)}."
            )
        return conclude(tables, context, claims=kept)

    def _settle(
        self,
        claims: list[Record],
        wanted: dict[str, tuple[Row, str]],
        context: ReadContext,
        *,
        named: set[str],
    ) -> list[Record]:
        """Use, leave out or quarantine the rows, now that all are known."""
        contents: dict[str, set[str]] = {}
        for claim in claims:
            contents.setdefault(claim["claim_id"], set()).add(_content(claim))
        kept: dict[str, Record] = {}
        for claim in claims:
            row, part_of = wanted[f"{claim['raw_file']}:{claim['raw_row']}"]
            if len(contents[claim["claim_id"]]) > 1:
                row.wrong(
                    "id_repeated",
                    "two claims have this id and differ; neither is used",
                    column="claim_id",
                    got=claim["claim_id"],
                    expected="an id for each claim",
                    next_step="Give one of them another id",
                )
            if part_of and part_of not in named | contents.keys():
                row.wrong(
                    "name_unknown",
                    "no claim of the ledger has this id",
                    column="part_of",
                    got=part_of,
                    expected="the claim_id of a total",
                    next_step="Correct the id, or add the total",
                )
            if not row.ok:
                row.close()
            elif claim["claim_id"] in kept:
                row.repeated()
            elif claim["window_start"] >= context.span.stop or claim["window_stop"] <= context.span.start:
                row.outside()
            else:
                row.use()
                kept[claim["claim_id"]] = {**claim, "part_of": part_of or None}
        return list(kept.values())

    # -- one row ---------------------------------------------------------------------------
    def _claim(self, row: Row, context: ReadContext, *, url: str | None, unmapped: set[str]) -> Record | None:
        if self.options.truce is not None and row.text("truce") != self.options.truce:
            row.outside()
            return None
        claimant = row.text("claimant", required=True)
        measure = row.text("measure", required=True)
        speaker_party = self._speaker_party(row, claimant, context)
        accused = self._accused(row, context)
        meaning = self.options.measures.get(measure or "", MeasureMeaning())
        act = self._act(row, meaning, context)
        if act is None and measure is not None and measure not in self.options.measures:
            unmapped.add(measure)
        count = read_count(row)
        relation = read_relation(row, count)
        value = None if count is None else count.value
        direction = (
            row.text("direction") or meaning.direction or (read_direction(row) if value is None else None)
        )
        if direction not in (None, "ceased", "reduced", "unchanged", "increased"):
            row.wrong(
                "value_unknown",
                "unknown word",
                column="direction",
                got=direction or "",
                expected="ceased | reduced | unchanged | increased",
                next_step="Use one of these words, or leave it empty",
            )
        window = claim_window(row, context, zone=self.options.zone)
        area_id = self._area(row, meaning, context)
        published = row.text("published")
        published = None if published is None or published.casefold() in ("unknown", "n/a") else published
        if not row.ok or window is None:
            row.close()
            return None
        note = "; ".join(filter(None, (row.text("note"), meaning.part_label and f"part: {meaning.part_label}", window.remark)))  # fmt: skip
        return {
            "claim_id": row.text("claim_id") or self._made_id(row, context),
            "source_id": context.source_id,
            "speaker": claimant,
            "speaker_party_id": speaker_party,
            "accused_party_id": accused,
            "kind": claim_kind(speaker_party, accused or "", value=value, direction=direction),
            "measure": measure,
            "act": act,
            "unit": row.text("unit") or meaning.unit,
            "value": value,
            "relation": relation,
            "direction": direction,
            "window_start": window.interval.start,
            "window_stop": window.interval.stop,
            "window_precision": window.precision,
            "area_id": area_id,
            "outlet": row.text("outlet"),
            "url": url,
            "published": published,
            "note": note or None,
            **row.provenance,
        }

    def _made_id(self, row: Row, context: ReadContext) -> str:
        """An id from what is claimed, not from where it was read."""
        names = ("truce", *COLUMNS, "relation", "direction", "area", "note")
        return short_id("clm", context.source_id, *(row.text(name) or "" for name in names))

    def _speaker_party(self, row: Row, claimant: str | None, context: ReadContext) -> str | None:
        if claimant is None:
            return None
        if claimant not in self.options.speakers:
            row.wrong(
                "party_unknown",
                "nothing says on which side this claimant is",
                column="claimant",
                got=claimant,
                expected=" | ".join(self.options.speakers),
                next_step="Add the claimant to the option `speakers` (null: neither side)",
            )
            return None
        party = self.options.speakers[claimant]
        if party is not None and party not in context.parties:
            self._unknown_party(row, context, column="claimant", got=party)
        return party

    def _accused(self, row: Row, context: ReadContext) -> str | None:
        name = row.text("accused", required=True)
        if name is None:
            return None
        party = self.options.parties.get(name, name)
        if party not in (*context.parties, TOGETHER):
            self._unknown_party(row, context, column="accused", got=party)
        return party

    def _unknown_party(self, row: Row, context: ReadContext, *, column: str, got: str) -> None:
        row.wrong(
            "party_unknown",
            "the truce has no such party",
            column=column,
            got=got,
            expected=" | ".join(context.parties),
            next_step="Translate it with the options `parties` or `speakers`",
        )

    def _act(self, row: Row, meaning: MeasureMeaning, context: ReadContext) -> str | None:
        act = row.text("act") or meaning.act
        if act is not None and act not in context.acts:
            row.wrong(
                "name_unknown",
                "the terms have no such act",
                column="act",
                got=act,
                expected=" | ".join(context.acts),
                next_step="Correct the act, or leave it empty",
            )
        return act

    def _area(self, row: Row, meaning: MeasureMeaning, context: ReadContext) -> str | None:
        name = row.text("area") or meaning.area
        if name is None:
            return None
        area_id = context.area(name)
        if area_id is None:
            row.wrong(
                "name_unknown",
                "the case has no area of this name",
                column="area",
                got=name,
                expected="an area of the case",
                next_step="Add the area, or its spelling, to the case's areas",
            )
        return area_id


def _resolve_urls(rows: list[Row]) -> list[str | None]:
    """Urls, ``same`` replaced by the nearest real one above of the same claimant."""
    urls: list[str | None] = []
    last: dict[str | None, str] = {}
    for row in rows:
        url, claimant = row.text("url"), row.text("claimant")
        if url is not None and url.casefold() == "same":
            url = last.get(claimant)
            if url is None:
                row.wrong(
                    "value_missing",
                    "`same` has no row above with a url of this claimant",
                    column="url",
                    got="same",
                    expected="a url",
                    next_step="Write the url out",
                )
        elif url is not None:
            last[claimant] = url
        urls.append(url)
    return urls


def _drop_unused_totals(claims: list[Record]) -> list[str]:
    """Cut the parts loose whose total was not used, and say so."""
    used = {claim["claim_id"] for claim in claims}
    loose = sorted({claim["part_of"] for claim in claims if claim["part_of"] not in {None, *used}})
    for claim in claims:
        if claim["part_of"] in loose:
            claim["part_of"] = None
    if not loose:
        return []
    return [f"These totals were not used, so their parts stand alone: {sentence_list(loose)}."]


def _row_key(row: Row) -> str:
    return f"{row.sheet.file.label}:{row.number}"


def _content(claim: Record) -> str:
    """A claim without its place in a file, to tell a repetition from a contradiction."""
    return canonical_json({key: str(value) for key, value in claim.items() if not key.startswith("raw_")})
