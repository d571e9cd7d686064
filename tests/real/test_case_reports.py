"""What must be true of the reports on the truces that come with the product: the honest reading of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from truceline.findings.results import Finding, Results
from truceline.schema.claims import TOGETHER
from truceline.workflow.verify import VerifyOutcome, verify

CASES = ("colombia-2015", "energy-2025", "kashmir-2021", "minsk-2020", "yemen-2022")
Outcomes = Callable[[str], VerifyOutcome]


@pytest.fixture(scope="module")
def outcomes(project_root: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    made: dict[str, VerifyOutcome] = {}

    def outcome(case: str) -> VerifyOutcome:
        if case not in made:
            out = tmp_path_factory.mktemp(case) / "out"
            made[case] = verify(project_root / "cases" / case, data=shared_data, out=out, pdf=False)
        return made[case]

    return outcome


def findings(results: Results, act: str, party: str, *, clock: str | None = None) -> list[Finding]:
    """Of the widest area: the whole window first, then its months."""
    found = [
        f
        for f in results.findings
        if (f.obligation_id, f.party_id) == (f"{act}.stop", party) and clock in (None, f.clock_id)
    ]
    return sorted(found, key=lambda f: (f.period.start, -f.period.duration_h))


def month(results: Results, act: str, party: str, label: str) -> Finding:
    return next(f for f in findings(results, act, party) if f.period_label == label)


# ------------------------------------------------------------------------------------- every case


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_verified_attributed_complied_or_bounded(outcomes: Outcomes, case: str) -> None:
    results = outcomes(case).results
    assert results.findings
    for f in results.findings:
        assert f.judgement in ("partial", "undetermined")
        assert f.occurrence in ("alleged", "reported", "inconclusive")
        assert f.responsibility != "attributed"
        assert (f.bound.history_hi95, f.bound.worst_hi95, f.bound.evader_hi95) == (None, None, None)


@pytest.mark.parametrize("case", CASES)
def test_a_fall_has_its_ground_in_another_voice_than_the_partys_own(outcomes: Outcomes, case: str) -> None:
    for f in outcomes(case).results.findings:
        if f.judgement != "partial":
            continue
        grounds = [e for e in f.evidence if e.change in ("fell", "ceased") and e.kind != "own_report"]
        assert grounds
        assert all(e.speaker_party_id != f.party_id for e in grounds)
        assert all(e.e_value is None or e.e_value >= 20 for e in grounds)


@pytest.mark.parametrize("case", CASES)
def test_no_page_says_what_it_cannot_know(outcomes: Outcomes, case: str) -> None:
    page = re.sub(r"<(script|style)\b.*?</\1>", "", outcomes(case).report_html.read_text(), flags=re.DOTALL)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    # no series of these five assumes a trend
    assert "with rhythm and trend" not in text
    # an e-value is not told beyond what the model was ever tested for
    assert not re.search(r"10(?:[⁷⁸⁹]|[⁰¹²³⁴⁵⁶⁷⁸⁹]{2})", text)
    # midnights of another zone are told as days, and what a third party says is not the other party's
    assert "01:00 to" not in text
    assert "30.0 days" not in text
    parties_count = "The other party counts acts in the period." in text
    assert parties_count == (case in ("energy-2025", "colombia-2015"))


@pytest.mark.parametrize("case", CASES)
def test_tables_and_figures_are_numbered_one_after_another(outcomes: Outcomes, case: str) -> None:
    page = outcomes(case).report_html.read_text()
    for word in ("Table", "Figure"):
        numbers = [int(n) for n in re.findall(rf'<span class="no">{word} (\d+)</span>', page)]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("case", CASES)
def test_every_claim_near_the_window_stands_in_the_page(outcomes: Outcomes, case: str) -> None:
    outcome = outcomes(case)
    page = outcome.report_html.read_text()
    assert all(f'id="{account.claim_id}"' in page for account in outcome.results.claim_accounts)


# ----------------------------------------------------------------------------------- energy, 2025


def test_energy_both_starts_stand_side_by_side_and_nothing_can_be_told(outcomes: Outcomes) -> None:
    results = outcomes("energy-2025").results
    assert [(f.party_id, f.clock_id) for f in results.findings] == [
        ("RU", "from-18-march"), ("UA", "from-18-march"), ("RU", "from-25-march"), ("UA", "from-25-march"),
    ]  # fmt: skip
    assert {(f.judgement, f.occurrence) for f in results.findings} == {("undetermined", "alleged")}
    for f in results.findings:
        assert {"no_baseline", "claims_only", "breach_or_return_fire"} <= set(f.reason_codes)
        assert (f.effect_ratio, f.e_value) == (None, None)
    moscow, kyiv = (
        next(line for line in results.summary if f"(By {where}'s account)" in line)
        for where in ("Moscow", "Kyiv")
    )
    assert "at least 120 strikes, 18 March to 17 April" in moscow
    assert "at least 30 strikes, 25 March to 15 April" in moscow
    assert "at least 30 strikes, 25 March to 15 April" in kyiv
    assert "120" not in kyiv


def test_energy_a_total_of_the_other_window_is_told_but_not_used(outcomes: Outcomes) -> None:
    results = outcomes("energy-2025").results
    ukraine = findings(results, "energy_strike", "UA", clock="from-25-march")[0]
    elsewhere = next(r for r in ukraine.reasons if r.code == "period_not_matched")
    assert "at least 120" in elsewhere.text
    assert "at least 80" in elsewhere.text
    assert {e.value for e in ukraine.evidence} == {14}
    assert ukraine.lead is not None
    assert "in 1 of 30 days" in ukraine.lead.extent


def test_energy_a_word_on_oneself_weighs_nothing(outcomes: Outcomes) -> None:
    results = outcomes("energy-2025").results
    own = [e for f in results.findings for e in f.evidence if e.kind == "own_report"]
    assert {e.speaker_party_id for e in own} == {"RU", "UA"}
    assert all(e.change in ("ceased", "not_shown") for e in own)


# ------------------------------------------------------------------------------------ minsk, 2020


def test_minsk_a_fall_at_the_start_and_what_was_left_of_it(outcomes: Outcomes) -> None:
    results = outcomes("minsk-2020").results
    whole, first, *months = findings(results, "fire", TOGETHER)
    assert len(months) == 18
    august = month(results, "fire", TOGETHER, "1 August 2020 to 31 August 2020")
    assert august.judgement == "partial"
    assert august.effect_ratio is not None
    assert august.effect_ratio < 0.4
    assert (august.e_value or 0) >= 20
    november = month(results, "fire", TOGETHER, "1 November 2021 to 30 November 2021")
    assert november.judgement == "undetermined"
    assert november.effect_ratio is not None
    assert november.effect_ratio > 2 * august.effect_ratio
    assert (november.e_value or 0) < 20
    half_years = [sum(f.effect_ratio or 0 for f in months[n : n + 6]) for n in (0, 6, 12)]
    assert half_years[0] < half_years[1]
    assert half_years[0] < half_years[2]
    # no window is surer than its past: eighteen months against one year, five days against one level
    assert (whole.effect_ratio_hi95 or 1) < 0.8
    assert 5 <= (whole.e_value or 0) <= 1_000
    assert (first.e_value or 0) >= 5
    (dated,) = (one.onset for one in results.patterns.dated if one.onset.found)
    assert dated.at_lo95 <= datetime(2020, 7, 26, 21, 1, tzinfo=UTC) <= dated.at_hi95


def test_minsk_counts_are_those_of_the_file(outcomes: Outcomes) -> None:
    results = outcomes("minsk-2020").results
    counts = {
        f.period_label: next(e.value for e in f.evidence if e.reason.series_id == "events")
        for f in findings(results, "fire", TOGETHER)
    }
    # added up by hand from acled_ucdp_daily_totals.json; 27 July is left out of the whole window
    assert counts["1 August 2020 to 31 August 2020"] == 239
    assert counts["1 November 2021 to 30 November 2021"] == 1033
    assert counts["1 January 2022 to 31 January 2022"] == 485


def test_minsk_nobody_says_who(outcomes: Outcomes) -> None:
    results = outcomes("minsk-2020").results
    for party in ("UA", "AF"):
        (whole,) = findings(results, "fire", party)
        assert (whole.judgement, whole.evidence) == ("undetermined", ())
        assert "context_only" in whole.reason_codes
    assert all("whoever_acted" in f.reason_codes for f in findings(results, "fire", TOGETHER))


def test_minsk_the_monitors_means_are_told_and_none_of_their_single_days_counts(outcomes: Outcomes) -> None:
    results = outcomes("minsk-2020").results
    whole = findings(results, "fire", TOGETHER)[0]
    monitors = next(e for e in whole.evidence if e.speaker == "OSCE SMM")
    assert (monitors.value, monitors.baseline_value) == (5200, 129600)
    assert monitors.change == "not_shown"  # they cover less than half of the window
    # no observation of theirs is at hand: a what-if on nothing detected would be nonsense
    assert whole.bound.detections != 0


# ---------------------------------------------------------------------------------- kashmir, 2021


def test_kashmir_a_strong_and_lasting_fall_by_one_sides_counts(outcomes: Outcomes) -> None:
    results = outcomes("kashmir-2021").results
    whole, february, *months = findings(results, "firing", "PK")
    assert (whole.judgement, whole.occurrence) == ("partial", "reported")
    assert (whole.e_value or 0) >= 20
    assert whole.effect_ratio_hi95 is not None
    assert whole.effect_ratio_hi95 < 0.5
    count = next(e for e in whole.evidence if e.reason.series_id == "violations_by_india")
    assert (count.value, count.baseline_value, count.speaker_party_id) == (6, 1100, "IN")
    assert {"claims_only", "one_side_speaks"} <= set(whole.reason_codes)
    # four days of February are told by no month's figure
    assert february.judgement == "undetermined"
    values = [next(e.value for e in f.evidence if e.reason.series_id) for f in months]
    assert values == [0, 1, 3, 2]


def test_kashmir_the_other_side_has_a_word_and_no_number(outcomes: Outcomes) -> None:
    results = outcomes("kashmir-2021").results
    whole, *months = findings(results, "firing", "IN")
    assert (whole.judgement, whole.occurrence) == ("partial", "inconclusive")
    (word,) = whole.evidence
    assert (word.kind, word.speaker_party_id, word.value) == ("opponent_concession", "PK", None)
    assert (whole.effect_ratio, whole.e_value) == (None, None)
    assert {f.judgement for f in months} == {"undetermined"}
    # said of a hundred days, and of no one month
    assert all("for another period" in f.headline for f in months)


# ------------------------------------------------------------------------------------ yemen, 2022


def test_yemen_air_raids_fell_in_april_and_no_later_month_is_known(outcomes: Outcomes) -> None:
    results = outcomes("yemen-2022").results
    whole, april, *later = findings(results, "air_raid", "COA")
    assert april.judgement == "partial"
    assert "third_party_count_fell" in april.reason_codes
    assert april.occurrence == "inconclusive"  # a third party's zero is no proof of quiet
    assert whole.judgement == "undetermined"
    assert "zero_of_part" in whole.reason_codes
    assert whole.lead is not None
    assert whole.lead.extent == "in 28 of 183 days"
    for f in later:
        assert f.judgement == "undetermined"
        assert all(e.value is None for e in f.evidence)


def test_yemen_harm_to_civilians_is_nobodys_and_no_change_is_concluded(outcomes: Outcomes) -> None:
    results = outcomes("yemen-2022").results
    for party in ("COA", "AA"):
        (whole,) = findings(results, "armed_violence", party)
        assert (whole.judgement, whole.evidence) == ("undetermined", ())
    together = findings(results, "armed_violence", TOGETHER)
    whole = together[0]
    assert {f.judgement for f in together} == {"undetermined"}
    incidents = next(e for e in whole.evidence if e.reason.series_id == "civilian_harm")
    assert (incidents.value, incidents.e_value, incidents.change) == (
        83 + 102 + 121 + 118 + 102,
        None,
        "not_shown",
    )


# --------------------------------------------------------------------------------- colombia, 2015


def test_colombia_offensive_actions_nearly_stopped_by_a_third_partys_count(outcomes: Outcomes) -> None:
    results = outcomes("colombia-2015").results
    (first,) = findings(results, "offensive_action", "FARC", clock="first-month")
    (year,) = findings(results, "offensive_action", "FARC", clock="first-year")
    assert [f.phrase for f in (first, year)] == ["Nearly stopped", "Nearly stopped"]
    assert first.effect_ratio == pytest.approx((2 / 31) / (83 / 30))
    assert year.effect_ratio == pytest.approx((10 / 366) / (83 / 30))
    for f in (first, year):
        assert {"third_party_count_fell", "third_party_count_residual", "single_comparison"} <= set(
            f.reason_codes
        )
        assert "opponent_count_fell" not in f.reason_codes
    assert year.lead is not None
    assert year.lead.extent == "in 30 days, and in 366"


def test_colombia_of_the_state_nothing_can_be_told(outcomes: Outcomes) -> None:
    results = outcomes("colombia-2015").results
    first, year = (findings(results, "bombing", "GOV", clock=c)[0] for c in ("first-month", "first-year"))
    assert {(f.judgement, f.occurrence) for f in (first, year)} == {("undetermined", "alleged")}
    # the research centre registered none in half a year: told, and no proof that there were none
    centre = next(e for e in year.evidence if e.speaker == "CERAC")
    assert (centre.value, centre.change) == (0, "not_said")
    assert any("0 bombings" in r.text for r in first.reasons if r.code == "period_not_matched")
