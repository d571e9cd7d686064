"""Everything a run found: what reports, layers and exports are made from, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from shapely.geometry.base import BaseGeometry

from truceline.assurance.series import Bound, Effect, Series
from truceline.base.errors import Problem
from truceline.base.intervals import Interval
from truceline.coverage.notes import Unseen
from truceline.findings.logged import Logged
from truceline.findings.order_worth import OrderWorth
from truceline.findings.patterns import Patterns
from truceline.findings.reckoning import Reckoning
from truceline.line.history import Disagreement, LineHistory
from truceline.line.report import LineReport
from truceline.origins.copies import Copies
from truceline.schema.table import Table
from truceline.talks.accepted import Accepted
from truceline.terms.truce import Truce


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RowRef:
    """A row of a named file."""

    file: str
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason of a finding, with what it rests on, down to rows."""

    code: str
    text: str  #: the sentence for this finding, with its figures
    source_ids: tuple[str, ...] = ()
    rows: tuple[RowRef, ...] = ()
    claim_ids: tuple[str, ...] = ()
    series_id: str | None = None
    incident_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One line of evidence on a party's act over a period, by whoever speaks.

    ``change``: what it says of the rate against before; ``residual``: whether it says that acts
    occurred in the period (None: it does not say). The same record for both parties, by one rule.
    """

    kind: Literal[
        "opponent_count", "opponent_concession", "own_report", "third_party_count", "sensor", "news"
    ]
    speaker: str
    speaker_party_id: str | None
    change: Literal["ceased", "fell", "unchanged", "rose", "not_shown", "not_said"]
    residual: bool | None
    value: float | None
    relation: str
    unit: str
    baseline_value: float | None
    baseline_note: str  #: what the value is compared with, in words
    ratio: float | None
    ratio_lo95: float | None = None
    ratio_hi95: float | None = None
    e_value: float | None = None
    reason: Reason
    brief: str = ""  #: the figure and what it is set beside, for a table or a summary
    caveat: str = ""
    baseline_relation: str = "="
    extent: str = ""  #: where the windows compared are unlike, or cover part of the period: how long


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One obligation, party, area, period, clock and terms version, judged."""

    finding_id: str
    obligation_id: str
    party_id: str
    area_id: str
    period: Interval
    period_label: str
    clock_id: str
    terms_version: str
    occurrence: str
    responsibility: str
    judgement: str
    headline: str  #: one plain sentence for the first screen
    phrase: str = ""  #: how far the acts fell, in two words; empty where no fall is shown
    effect_ratio: float | None
    effect_ratio_lo95: float | None
    effect_ratio_hi95: float | None
    e_value: float | None
    bound: Bound
    lead: Evidence | None = (
        None  #: the evidence to name first: the one that leans least on the word of one side
    )
    evidence: tuple[Evidence, ...]
    reasons: tuple[Reason, ...]
    would_change: tuple[str, ...]  #: what would change this finding

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """Codes of the reasons, each once, in their order."""
        return tuple(dict.fromkeys(reason.code for reason in self.reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAccount:
    """A claimed total taken apart: its parts, whether they sum to it, what it can be set beside."""

    claim_id: str
    speaker: str
    speaker_party_id: str | None
    accused_party_id: str
    kind: str
    measure: str
    window: Interval
    window_precision: str
    value: float | None
    relation: str
    parts: tuple[tuple[str, float | None, str], ...]  #: measure, value, relation
    parts_sum: float | None
    check: Literal["sums", "mismatch", "cannot_check", "no_parts"]
    check_text: str
    outlet: str | None
    url: str | None
    note: str | None
    row: RowRef


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccount:
    """What became of one file; as the manifest has it."""

    label: str
    size_bytes: int
    digest: str
    rows_read: int
    rows_used: int
    rows_outside: int
    rows_repeated: int
    rows_quarantined: int
    left_out: str = ""


SourceState = Literal["read", "absent", "unusable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAccount:
    """A source of the case: read or absent, with licence, files, problems."""

    source_id: str
    title: str
    publisher: str
    url: str | None
    licence: str
    citation: str
    grade: Literal["hard", "reported"]
    adapter: str
    adapter_version: str
    role: str  #: what it can say, one sentence
    state: SourceState
    cost_of_absence: str  #: what certainty is lost without it
    files: tuple[FileAccount, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    publish_shapes: bool = True  #: False: its shapes may be compared, not drawn
    copies: Copies | None = None  #: of its records; None where it gives none, or where nobody looked


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A label of the map."""

    name: str
    longitude_deg: float
    latitude_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesResult:
    """A series with what it says of the change (None: context only)."""

    series: Series
    effect: Effect | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything a run found."""

    case_id: str
    title: str
    subtitle: str
    version: str  #: of Truceline
    run_id: str  #: depends on version, case and inputs alone; in the public edition on what is released
    as_of: str  #: date of the evidence, from the case; no wall clock
    edition: str  #: release rule in words
    seed: int
    invented: bool  #: a simulated case, to be marked as such on every page
    truce: Truce
    baseline: Interval
    area_names: dict[str, str]
    findings: tuple[Finding, ...]
    series: tuple[SeriesResult, ...]
    claims: Table
    claim_accounts: tuple[ClaimAccount, ...]
    incidents: Table
    observations: Table
    coverage: Table
    coverage_notes: tuple[Unseen, ...]
    lines: tuple[LineHistory, ...]
    line_report: LineReport | None = None  #: what the maps tell of the line; None: no map
    disagreements: tuple[Disagreement, ...]
    patterns: Patterns = field(
        default_factory=Patterns
    )  #: when fire fell, where it gathered, what answered it
    reckoning: Reckoning = field(default_factory=Reckoning)  #: how many happened, what sources are worth
    order_worth: OrderWorth | None = None  #: what the order to cease was worth; of the mission alone
    sources: tuple[SourceAccount, ...]
    quarantined: tuple[Problem, ...]
    summary: tuple[str, ...]  #: what it rests on, then a sentence for each act
    context: tuple[str, ...] = ()  #: what series and maps that judge nothing have to say
    limits: tuple[str, ...]
    places: tuple[Place, ...] = ()
    area_labels: dict[str, tuple[float, float]] = field(default_factory=dict)  #: longitude, latitude
    theatre_id: str = ""  #: the area that is the whole of the case
    land: BaseGeometry | None = field(default=None)  #: coast for the map, no borders; None: none given
    land_credit: str = ""
    region: tuple[float, float, float, float] | None = None  #: west, south, east, north
    language: str = "en"  #: of every sentence in here
    accepted: Accepted = field(default_factory=Accepted)  #: of statements, by a person
    logged: Logged | None = None  #: where the findings stand in the evidence log

    @property
    def rows_quarantined(self) -> int:
        """Rows put aside, each once however many problems it has."""
        return sum(file.rows_quarantined for source in self.sources for file in source.files)

    @property
    def window(self) -> Interval:
        """From the first start to the last stop of the truce's clocks."""
        return self.truce.span
