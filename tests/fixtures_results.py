"""Results modelled on a real case, rich enough to fill every part of a report. No input is read
but the case's terms; the figures are examples, not findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon, box

from truceline.assurance.series import Bound, Effect, Series, SeriesSpec
from truceline.base.errors import Problem
from truceline.base.intervals import Interval
from truceline.coverage.notes import Unseen
from truceline.findings.results import (
    ClaimAccount,
    Evidence,
    FileAccount,
    Finding,
    Place,
    Reason,
    Results,
    RowRef,
    SeriesResult,
    SourceAccount,
)
from truceline.line.history import Disagreement, Length, LineHistory, Snapshot
from truceline.schema import CLAIMS, COVERAGE, INCIDENTS, OBSERVATIONS
from truceline.terms.truce import read_truce

ROOT = Path(__file__).resolve().parent.parent
KYIV_3 = timedelta(hours=3)
BASELINE = Interval(datetime(2025, 2, 28, 22, tzinfo=UTC), datetime(2025, 4, 18, 21, tzinfo=UTC))
WINDOW = Interval(datetime(2025, 4, 19, 15, tzinfo=UTC), datetime(2025, 4, 20, 21, tzinfo=UTC))
DAYS = (
    (Interval(WINDOW.start, datetime(2025, 4, 19, 21, tzinfo=UTC)), "19 April 18:00–24:00"),
    (Interval(datetime(2025, 4, 19, 21, tzinfo=UTC), WINDOW.stop), "20 April"),
)
AREAS = {
    "theatre": ("Whole front and rear", None),
    "pokrovsk": ("Pokrovsk direction", (37.18, 48.28)),
    "kharkivska": ("Kharkivska oblast", (36.255, 49.982)),
    "dnipropetrovska": ("Dnipropetrovska oblast", (35.041, 48.467)),
    "donetska": ("Donetska oblast", (37.568, 48.731)),
    "zaporizka": ("Zaporizka oblast", (35.117, 47.852)),
    "kyiv_city": ("Kyiv City", (30.524, 50.455)),
    "lvivska": ("Lvivska oblast", (24.023, 49.838)),
}
NO_BOUND = ("no_bound",)


def example_results() -> Results:
    """A full set."""
    truce = read_truce(ROOT / "cases" / "easter-2025" / "truce.yaml", label="case:truce.yaml")
    return Results(
        case_id="easter-2025",
        title="Easter truce of April 2025",
        subtitle="Thirty hours declared in parallel",
        version="0.1.0",
        run_id="run-3f9a0c12ab",
        as_of="2025-04-30",
        edition="Public, in full: made of public sources about a truce that ended long ago",
        seed=20250419,
        invented=False,
        truce=truce,
        baseline=BASELINE,
        area_names={key: name for key, (name, _) in AREAS.items()},
        findings=_findings(),
        series=_series(),
        claims=CLAIMS.empty(),
        claim_accounts=_claims(),
        incidents=_incidents(),
        observations=OBSERVATIONS.empty(),
        coverage=COVERAGE.empty(),
        coverage_notes=_coverage_notes(),
        lines=(_line(),),
        disagreements=(
            Disagreement(
                source_id="deepstate",
                other_source_id="liveuamap",
                at=datetime(2025, 4, 17, 3, tzinfo=UTC),
                only_first_km2=45047.2,
                only_second_km2=1701.4,
                both_km2=67584.0,
                median_offset_m=640.0,
                p95_offset_m=5230.0,
                note="Inside the region that both draw.",
            ),
        ),
        sources=_sources(),
        quarantined=(
            Problem(
                code="time_format",
                message="a time cannot be read",
                file="data:ua_missile_drone_attacks/missile_attacks_daily.csv",
                row=812,
                column="time_start",
                got="2023-05-16 3:30",
                expected="an ISO 8601 time",
                next_step="Write the hour with two digits",
            ),
        ),
        summary=(
            "Nothing in this report is verified: no monitor was on the ground, and no incident can be attributed.",
            "Russia’s long-range air attacks nearly stopped by one side’s warnings: 5 alerts began in 30 hours; "
            "52 were to be expected (E = 4.4 × 10⁵). For Ukraine no source speaks to this.",
            "Shelling by each side fell and did not cease, by the other side’s own figures or concession.",
            "What went unseen cannot be bounded: no detection probability was ever measured.",
        ),
        limits=(
            "No monitors were on the ground and neither side named any; nothing here is verified.",
            "All figures on shelling, assaults and small drones are claims of the two sides.",
            "Whether a given shot was a breach or an answer to one cannot be told from any source at hand.",
        ),
        places=(Place(name="Київ / Kyiv", longitude_deg=30.52, latitude_deg=50.45),),
        area_labels={key: at for key, (_, at) in AREAS.items() if at is not None},
        land=box(21.0, 44.0, 42.0, 53.5),
        region=(21.0, 43.5, 42.0, 53.5),
    )


def hostile_results() -> Results:
    """The same with markup and scripts in every kind of text."""
    evil = "<script>alert('x')</script><img src=x onerror=alert(1)> #strong[x] $y$ {{ 7*7 }} \\ `"
    results = example_results()
    return replace(
        results,
        title=f"Title {evil}",
        subtitle=evil,
        edition=evil,
        summary=(evil, *results.summary),
        limits=(evil,),
        area_names={key: f"{name} {evil}" for key, name in results.area_names.items()},
        claim_accounts=tuple(
            replace(account, speaker=evil, note=evil, outlet=evil, url="javascript:alert(1)")
            for account in results.claim_accounts
        ),
        sources=tuple(
            replace(source, title=evil, citation=evil, url="javascript:alert(2)")
            for source in results.sources
        ),
        findings=tuple(
            replace(finding, headline=evil, would_change=(evil,), period_label=evil)
            for finding in results.findings
        ),
    )


def swapped_results(results: Results) -> Results:
    """Ids and names of the two parties exchanged in the terms, nothing else."""
    first, second = results.truce.parties
    parties = [first.model_copy(update={"name": second.name}), second.model_copy(update={"name": first.name})]
    return replace(results, truce=results.truce.model_copy(update={"parties": parties}))


def _findings() -> tuple[Finding, ...]:
    found = []
    for party in ("RU", "UA"):
        found += [_air(party, "theatre", WINDOW, "whole window")]
        found += [_air(party, "theatre", period, label) for period, label in DAYS]
    found += [
        _air("RU", area, WINDOW, "whole window") for area in AREAS if area not in ("theatre", "pokrovsk")
    ]
    for act in ("shelling", "assault", "small_drone"):
        for party in ("RU", "UA"):
            for period, label in ((WINDOW, "whole window"), *DAYS):
                found.append(_claimed(act, party, "theatre", period, label))
    found += [_claimed("assault", party, "pokrovsk", DAYS[1][0], "20 April") for party in ("RU", "UA")]
    found += [_nothing("advance", party, "theatre", WINDOW, "whole window") for party in ("RU", "UA")]
    return tuple(found)


def _finding(act: str, party: str, area: str, period: Interval, label: str, **rest: object) -> Finding:
    values: dict[str, object] = {
        "finding_id": f"fnd-{act}-{party}-{area}-{period.start:%d%H}-{period.stop:%d%H}".lower(),
        "obligation_id": f"{act}.stop",
        "party_id": party,
        "area_id": area,
        "period": period,
        "period_label": label,
        "clock_id": "declared",
        "terms_version": "declarations-2025-04-19",
        "occurrence": "inconclusive",
        "responsibility": "not_attributed",
        "judgement": "undetermined",
        "headline": f"No source of the case speaks to {act.replace('_', ' ')} here.",
        "effect_ratio": None,
        "effect_ratio_lo95": None,
        "effect_ratio_hi95": None,
        "e_value": None,
        "bound": Bound(
            act=act,
            area_id=area,
            period=period,
            detections=None,
            history_hi95=None,
            worst_hi95=None,
            evader_hi95=None,
            what_if={0.9: 3.3, 0.5: 6.0, 0.2: 15.0, 0.05: 60.0},
            reason_codes=NO_BOUND,
        ),
        "evidence": (),
        "reasons": (Reason(code="no_bound", text="No detection probability was measured."),),
        "would_change": (
            "A record of launches kept by a mechanism that neither side controls.",
            "A measured share of acts that each source records.",
        ),
    }
    values |= rest
    values.setdefault("lead", next(iter(values["evidence"]), None))  # type: ignore[call-overload]
    return Finding(**values)  # type: ignore[arg-type]


def _air(party: str, area: str, period: Interval, label: str) -> Finding:
    if party == "UA":
        return _nothing("long_range_air", party, area, period, label)
    if area == "kharkivska":
        return _finding(
            "long_range_air", party, area, period, label,
            judgement="no_coverage", occurrence="inaccessible", responsibility="not_applicable",
            headline="Not watched: one alert has covered the area since May 2024.",
            reasons=(
                Reason(
                    code="coverage_lost",
                    text="One merged alert of 14,500 hours covers the period.",
                    source_ids=("sirens",),
                    rows=(RowRef(file="data:ua_sirens/alerts_oblast.csv.gz", row=21017),),
                ),
            ),
        )  # fmt: skip
    observed, expected = (5.0, 51.7) if area == "theatre" else (1.0, 2.2)
    reason = Reason(
        code="series_fell",
        text=f"{observed:.0f} alerts began where the baseline leads to expect {expected} (E = 4.4 × 10⁵).",
        source_ids=("sirens",),
        rows=tuple(
            RowRef(file="data:ua_sirens/alerts_oblast.csv.gz", row=52790 + i) for i in (0, 1, 2, 5, 9)
        ),
        series_id="alert_starts",
    )
    evidence = Evidence(
        kind="opponent_count",
        speaker="Air-raid alerts by oblast",
        speaker_party_id="UA",
        change="fell" if area == "theatre" else "not_shown",
        residual=None,
        value=observed,
        relation="=",
        unit="alerts",
        baseline_value=expected,
        baseline_note="expected from seven weeks before",
        ratio=observed / expected,
        ratio_lo95=0.041 if area == "theatre" else None,
        ratio_hi95=0.237 if area == "theatre" else None,
        e_value=436519.2 if area == "theatre" else 1.3,
        reason=reason,
        caveat="A warning is not an impact; no new alert can begin in an oblast that is already under one.",
    )
    waves = replace(
        evidence,
        speaker="Missiles and drones launched, by wave",
        change="not_said",
        value=None,
        unit="launches",
        baseline_value=118.0,
        baseline_note="median of days with a row",
        ratio=None,
        ratio_lo95=None,
        ratio_hi95=None,
        e_value=None,
        reason=Reason(
            code="missing_row_not_zero",
            text="The table has no row for 19 and 20 April; that is not a zero.",
            source_ids=("waves",),
        ),
        caveat="A day without a row may be a day without attack or a day without report.",
    )
    return _finding(
        "long_range_air", party, area, period, label,
        judgement="partial" if area == "theatre" else "undetermined",
        occurrence="reported",
        headline="Warnings of air attack fell to a tenth of what was usual. They did not cease.",
        effect_ratio=observed / expected,
        effect_ratio_lo95=0.041 if area == "theatre" else None,
        effect_ratio_hi95=0.237 if area == "theatre" else None,
        e_value=436519.2 if area == "theatre" else 1.3,
        evidence=(evidence, waves),
        reasons=(reason, waves.reason, Reason(code="warning_not_act", text="The series counts warnings, not acts.")),
    )  # fmt: skip


def _claimed(act: str, party: str, area: str, period: Interval, label: str) -> Finding:
    other = "UA" if party == "RU" else "RU"
    speaker = "General Staff" if other == "UA" else "Ministry of Defence"
    value, base = {"shelling": (1882.0, 6237.0), "assault": (96.0, 162.0), "small_drone": (957.0, None)}[act]
    ratio = value / base if base else None
    first = Evidence(
        kind="opponent_count",
        speaker=speaker,
        speaker_party_id=other,
        change="fell" if base else "not_said",
        residual=True,
        value=value,
        relation="=",
        unit=act.replace("_", " ") + "s",
        baseline_value=base,
        baseline_note="18 April, the last whole day before"
        if base
        else "no earlier figure of the same length",
        ratio=ratio,
        reason=Reason(
            code="opponent_count_fell" if base else "no_baseline",
            text=f"The opponent counts {value:,.0f} on 20 April"
            + (f" against {base:,.0f} on 18 April." if base else "; no earlier figure exists."),
            source_ids=("figures",),
            rows=(
                RowRef(file="case:figures/claims.csv", row=12),
                RowRef(file="case:figures/claims.csv", row=31),
            ),
            claim_ids=(f"clm-{act}-{party}",),
        ),
        caveat="One figure against one earlier figure: no interval.",
    )
    second = replace(
        first,
        kind="opponent_concession",
        change="fell",
        residual=None,
        value=None,
        baseline_value=None,
        baseline_note="",
        ratio=None,
        unit="",
        reason=Reason(
            code="opponent_concedes_fall",
            text="The other party says that the intensity of fire was “significantly reduced”.",
            source_ids=("figures",),
            rows=(RowRef(file="case:figures/claims.csv", row=20),),
        ),
        caveat="Versions differ on whether it covers the whole window or the daytime only.",
    )
    return _finding(
        act, party, area, period, label,
        judgement="partial" if base else "undetermined",
        occurrence="reported" if base else "alleged",
        headline=f"{act.replace('_', ' ').capitalize()}: fell and did not cease, by the other side’s own count."
        if base
        else "Large claims, no earlier figure to compare with.",
        effect_ratio=ratio,
        evidence=(first, second),
        reasons=(
            first.reason,
            second.reason,
            Reason(code="no_mechanism_evidence", text="No mechanism reported: nothing can be verified."),
            Reason(code="breach_or_return_fire", text="Breach or return fire: cannot be told."),
        ),
        would_change=(
            "Published texts that say which act may answer which.",
            "A count by somebody who is not a side, with its method.",
        ),
    )  # fmt: skip


def _nothing(act: str, party: str, area: str, period: Interval, label: str) -> Finding:
    return _finding(
        act, party, area, period, label,
        responsibility="not_applicable",
        reasons=(
            Reason(code="no_evidence", text="No source of the case speaks to this."),
            Reason(code="no_bound", text="No detection probability was measured."),
        ),
    )  # fmt: skip


def _series() -> tuple[SeriesResult, ...]:
    rng = np.random.default_rng(7)
    return (
        _one_series(rng, "alert_starts", "Alerts that began, all oblasts", "alert", 6, 9.6, 0.1, set(), party="RU"),
        _one_series(rng, "launched", "Missiles and drones launched", "launch", 24, 118, 1.0, {49, 50}, party="RU"),
        _one_series(rng, "news_incidents", "Incidents in the news", "report", 24, 110, 0.7, set(), kind="news"),
        _one_series(
            rng, "fires_near_line", "Fires within 15 km of the line", "fire", 24, 9, 1.0,
            {i for i in range(61) if i < 35 or i % 3 == 0}, kind="sensor",
        ),
    )  # fmt: skip


def _one_series(
    rng: np.random.Generator, series_id: str, title: str, unit: str, bin_h: float, level: float,
    fall: float, missing: set[int], *, party: str | None = None, kind: str = "opponent_count",
) -> SeriesResult:  # fmt: skip
    spec = SeriesSpec(
        id=series_id, title=title, source="sirens" if party else "news", measure="starts", unit=unit,
        bin_h=bin_h, zone="Europe/Kyiv", act="long_range_air" if party else None, party=party,
        area="theatre", kind=kind, warning_only=series_id == "alert_starts",
        caveat="A warning is not an impact." if party else "A holiday, on which less is reported.",
    )  # fmt: skip
    start, n = BASELINE.start, int(61 * 24 / bin_h)
    bins = tuple(
        Interval(start + timedelta(hours=bin_h * i), start + timedelta(hours=bin_h * (i + 1)))
        for i in range(n)
    )
    in_window = np.array([WINDOW.covers(b) for b in bins])
    in_baseline = np.array([BASELINE.covers(b) for b in bins])
    rhythm = np.tile([0.7, 0.85, 1.2, 1.25], n)[:n] if bin_h == 6 else np.ones(n)
    fitted = level * rhythm
    count = rng.negative_binomial(4.5, 4.5 / (4.5 + fitted * np.where(in_window, fall, 1.0))).astype(float)
    count[[i for i in missing if i < n]] = np.nan
    observed = float(np.nansum(count[in_window])) if not np.isnan(count[in_window]).all() else None
    expected = float(fitted[in_window & ~np.isnan(count)].sum()) or None
    effect = Effect(
        series_id=series_id, n_baseline=int(in_baseline.sum()), n_window=int((in_window & ~np.isnan(count)).sum()),
        n_window_missing=int((in_window & np.isnan(count)).sum()), observed=observed, expected=expected,
        expected_lo95=expected * 0.4 if expected else None, expected_hi95=expected * 1.9 if expected else None,
        ratio=observed / expected if observed is not None and expected else None,
        ratio_lo95=0.04 if observed is not None else None, ratio_hi95=0.3 if observed is not None else None,
        e_value=436519.2 if series_id == "alert_starts" else 0.4 if observed is not None else None,
        dispersion=4.5, power={0.5: 0.62 if series_id == "alert_starts" else 0.12, 0.25: 0.9},
        fitted=tuple(float(v) for v in fitted), reason_codes=("series_uninformative",) if not party else (),
    )  # fmt: skip
    refs = tuple((("data:ua_sirens/alerts_oblast.csv.gz", 52000 + i),) for i in range(n))
    return SeriesResult(
        series=Series(
            spec=spec, bins=bins, count=count, exposure=np.where(np.isnan(count), 0.0, 1.0),
            in_baseline=in_baseline, in_window=in_window, row_refs=refs,
        ),
        effect=effect if series_id != "news_incidents" else replace(effect, power={0.5: 0.2}),
    )  # fmt: skip


def _claims() -> tuple[ClaimAccount, ...]:
    def account(
        speaker: str, side: str, about: str, kind: str, measure: str, value: float | None, **rest: object
    ):
        values: dict[str, object] = {
            "claim_id": f"clm-{side}-{about}-{kind}-{measure[:6]}".lower().replace(" ", "-"),
            "speaker": speaker, "speaker_party_id": side, "accused_party_id": about, "kind": kind,
            "measure": measure, "window": DAYS[1][0], "window_precision": "exact", "value": value,
            "relation": "=", "parts": (), "parts_sum": None, "check": "no_parts", "check_text": "",
            "outlet": "Interfax", "url": "https://example.org/a", "note": None,
            "row": RowRef(file="case:figures/claims.csv", row=12),
        }  # fmt: skip
        return ClaimAccount(**{**values, **rest})  # type: ignore[arg-type]

    return (
        account(
            "Zelensky citing Syrskyi", "UA", "RU", "opponent_count", "all violations", 2935.0,
            parts=(("combat clashes", 96.0, "="), ("shellings", 1882.0, "="), ("kamikaze drones", 957.0, "=")),
            parts_sum=2935.0, check="sums", check_text="96 + 1,882 + 957 = 2,935.",
        ),
        account(
            "RU MoD", "RU", "UA", "opponent_count", "all violations", 4900.0, window=WINDOW,
            parts=(
                ("artillery and mortar fire", 1404.0, "="), ("drone strikes", 3316.0, "="), ("drone drops", 6.0, "="),
                ("border shellings", 19.0, "="), ("border drone strikes", 49.0, "="), ("border drops", 16.0, "="),
                ("drones used", 90.0, "="),
            ),
            parts_sum=4900.0, check="sums", check_text="1,404 + 3,316 + 6 + 19 + 49 + 16 + 90 = 4,900.",
        ),
        account(
            "Planted", "RU", "UA", "opponent_count", "assaults", 100.0, parts=(("north", 40.0, "="), ("south", 50.0, "=")),
            parts_sum=90.0, check="mismatch", check_text="40 + 50 = 90, not 100.", note="A planted mismatch.",
        ),
        account("Zelensky", "UA", "RU", "opponent_concession", "some sectors remained quiet", None, relation=""),
        account("RU MoD", "RU", "UA", "opponent_concession", "intensity of fire significantly reduced", None, window=WINDOW),
        account("UA General Staff", "UA", "UA", "own_report", "targets struck", 2.0, window_precision="date_only"),
    )  # fmt: skip


def _incidents():
    rows = [
        {
            "incident_id": f"inc-{i:03d}", "act": None,
            "occurred_from": WINDOW.start + timedelta(hours=i), "occurred_until": WINDOW.start + timedelta(hours=i + 3),
            "longitude_deg": 34.0 + 0.3 * i, "latitude_deg": 47.4 + 0.15 * i, "position_sd_m": 5000.0,
            "occurrence": "reported", "responsibility": "not_attributed", "party_p": {},
            "source_ids": ["news"], "observation_ids": [f"obs-{i}"], "n_primary_sources": 0, "reason_codes": [],
        }
        for i in range(12)
    ]  # fmt: skip
    return INCIDENTS.from_records(rows)


def _coverage_notes() -> tuple[Unseen, ...]:
    def note(source: str, area: str | None, reason: str, share: float, text: str) -> Unseen:
        return Unseen(
            source_id=source, area_id=area, period=WINDOW, reason=reason, share_unseen=share, text=text
        )

    return (
        note("sirens", "kharkivska", "merged_record", 1.0, "One alert since May 2024 hides every later one."),
        note(
            "sirens",
            "dnipropetrovska",
            "merged_record",
            0.82,
            "One alert to 20 April 11:28; another from 16:56.",
        ),
        note("waves", None, "no_data", 1.0, "No row for 19 and 20 April; that is not a zero."),
        note("fires", None, "no_data", 0.2, "19 April has one row, of 01:22 UTC."),
        note("liveuamap", None, "stale_map", 1.0, "Not redrawn between 18 and 22 April."),
    )


def _line() -> LineHistory:
    def shape(east: float) -> Polygon:
        return Polygon(
            [(36.5, 45.2), (40.0, 47.2), (40.2, 49.5), (38.0 - east, 49.8), (37.2 - east, 48.2), (33.5, 46.4)]
        )

    snapshots = tuple(
        Snapshot(
            control_id=f"ctl-{i}", holder_party_id="RU", map_time=datetime(2025, 4, 16 + i, 3, tzinfo=UTC),
            describes_until=datetime(2025, 4, 16 + i, 3, tzinfo=UTC),
            status="first" if i == 0 else "repeat" if i == 5 else "update", geometry=shape(0.02 * min(i, 4)),
            area_km2=112631.1 + 8 * i, gained_km2=None if i == 0 else 8.0, lost_km2=None if i == 0 else 0.1,
            raw_file=f"data:deepstate/deepstatemap_data_202504{16 + i}.geojson", raw_row=1,
        )
        for i in range(6)
    )  # fmt: skip
    return LineHistory(
        source_id="deepstate",
        title="Map of control (DeepState)",
        snapshots=snapshots,
        lengths=(Length(length_km=4114.0, tolerance_m=500.0), Length(length_km=3267.0, tolerance_m=10000.0)),
        stale_from=datetime(2025, 4, 20, 3, tzinfo=UTC),
        stale_h=18.0,
        updates_in_window=1,
    )


def _sources() -> tuple[SourceAccount, ...]:
    def source(source_id: str, title: str, state: str = "read", **rest: object) -> SourceAccount:
        values: dict[str, object] = {
            "source_id": source_id, "title": title, "publisher": "Its publisher, from official channels",
            "url": "https://example.org/data", "licence": "MIT", "citation": f"{title}, as published.",
            "grade": "reported", "adapter": source_id, "adapter_version": "1", "state": state,
            "role": "Warnings of air attack sounded by one side’s services, day and night, since 2022.",
            "cost_of_absence": "Its fall could not be tested.",
        }  # fmt: skip
        return SourceAccount(**{**values, **rest})  # type: ignore[arg-type]

    file = FileAccount(
        label="data:ua_sirens/alerts_oblast.csv.gz", size_bytes=1_203_455,
        digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        rows_read=54239, rows_used=2316, rows_outside=51923, rows_repeated=0, rows_quarantined=1,
    )  # fmt: skip
    return (
        source("sirens", "Air-raid alerts by oblast", files=(file,)),
        source("waves", "Missiles and drones launched, by wave", files=(replace(file, label="data:waves.csv"),)),
        source("news", "Incidents in the news", licence="ODbL", files=(replace(file, label="data:news.csv"),)),
        source("figures", "Cited figures of this case", files=(replace(file, label="case:figures/claims.csv"),)),
        source("deepstate", "Map of control (DeepState)", files=(replace(file, label="data:deepstate/a.geojson"),)),
        source(
            "liveuamap", "Second map of control", "absent", publish_shapes=False,
            cost_of_absence="How far two maps disagree could not be said.",
            problems=(Problem(code="source_absent", message="files are absent", file="data:nzz_liveuamap_lines/"),),
        ),
    )  # fmt: skip
