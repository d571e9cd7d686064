"""What must be true of the report on the Easter truce of April 2025."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from truceline.findings.results import Finding, Results
from truceline.schema.table import records
from truceline.workflow.verify import VerifyOutcome, verify

OBLASTS = 24


@pytest.fixture(scope="module")
def case_folder(project_root: Path) -> Path:
    return project_root / "cases" / "easter-2025"


@pytest.fixture(scope="module")
def outcome(case_folder: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> VerifyOutcome:
    return verify(case_folder, data=shared_data, out=tmp_path_factory.mktemp("easter") / "out", pdf=False)


@pytest.fixture(scope="module")
def results(outcome: VerifyOutcome) -> Results:
    return outcome.results


def finding(results: Results, act: str, party: str, area: str = "theatre", period: int = 0) -> Finding:
    """``period`` 0 is the whole window, 1 the evening of the 19th, 2 the 20th."""
    found = [
        f
        for f in results.findings
        if (f.obligation_id, f.party_id, f.area_id) == (f"{act}.stop", party, area)
    ]
    return found[period]


def test_nothing_is_verified_and_nobody_is_named(results: Results) -> None:
    assert {f.occurrence for f in results.findings}.isdisjoint({"verified", "corroborated"})
    assert {f.responsibility for f in results.findings}.isdisjoint({"attributed"})
    incidents = records(results.incidents)
    assert incidents
    assert {i["responsibility"] for i in incidents}.isdisjoint({"attributed"})
    assert {i["attributed_party_id"] for i in incidents} == {None}
    assert {i["occurrence"] for i in incidents}.isdisjoint({"verified", "corroborated"})
    assert all("no_mechanism_evidence" in f.reason_codes for f in results.findings)


def test_long_range_attacks_of_one_side_nearly_stopped_as_far_as_alerts_tell(results: Results) -> None:
    air = finding(results, "long_range_air", "RU")
    assert (air.occurrence, air.judgement) == ("reported", "partial")
    alerts = next(e for e in air.evidence if e.reason.series_id == "alert_starts")
    assert alerts.value == 5
    assert alerts.baseline_value in (47, 48, 49)
    assert air.e_value is not None
    assert air.e_value >= 20
    assert air.effect_ratio_hi95 is not None
    assert air.effect_ratio_hi95 < 0.5
    assert "warning_not_act" in air.reason_codes
    assert air.headline.startswith("Nearly stopped")


def test_a_missing_row_of_the_launch_table_is_not_a_zero(results: Results) -> None:
    air = finding(results, "long_range_air", "RU")
    launches = next(e for e in air.evidence if e.reason.series_id == "launched")
    assert launches.value is None
    assert launches.reason.code == "missing_row_not_zero"
    assert launches.change == "not_said"


def test_of_the_other_sides_long_range_attacks_one_cannot_tell(results: Results) -> None:
    air = finding(results, "long_range_air", "UA")
    assert air.judgement == "undetermined"
    assert air.effect_ratio is None
    assert air.e_value is None


def test_oblasts_under_a_merged_alert_are_lost_coverage(results: Results) -> None:
    regions = [
        f for f in results.findings if f.obligation_id == "long_range_air.stop" and f.area_id != "theatre"
    ]
    assert len(regions) == OBLASTS
    lost = {f.area_id for f in regions if f.judgement == "no_coverage"}
    assert lost == {"kharkivska", "dnipropetrovska"}
    assert all("coverage_lost" in f.reason_codes for f in regions if f.area_id in lost)
    assert all(f.effect_ratio is None for f in regions if f.area_id in lost)


@pytest.mark.parametrize("party", ["RU", "UA"])
def test_shelling_by_each_side_was_partly_stopped_not_ceased(results: Results, party: str) -> None:
    shelling = finding(results, "shelling", party)
    assert (shelling.occurrence, shelling.judgement) == ("reported", "partial")
    assert shelling.headline.startswith("Reduced, not ceased")
    assert "breach_or_return_fire" in shelling.reason_codes
    assert "claims_only" in shelling.reason_codes


def test_shelling_rests_on_the_opponents_count_or_concession_for_both_alike(results: Results) -> None:
    one, other = finding(results, "shelling", "RU"), finding(results, "shelling", "UA")
    assert "opponent_count_fell" in one.reason_codes
    assert one.effect_ratio == pytest.approx(1882 / 6237)
    assert "opponent_concedes_fall" in other.reason_codes
    assert {e.value for e in other.evidence if e.kind == "own_report"} == {2}
    assert other.effect_ratio is None  # a party's own report never gives the ratio


def test_assaults_fell_by_41_percent_on_the_opponents_count_and_not_near_pokrovsk(results: Results) -> None:
    whole = finding(results, "assault", "RU")
    assert whole.judgement == "partial"
    assert whole.effect_ratio == pytest.approx(96 / 162)
    assert "−41 %" in whole.headline
    there = finding(results, "assault", "RU", "pokrovsk")
    assert there.judgement == "undetermined"
    assert "opponent_count_unchanged" in there.reason_codes
    assert "39 on 19 April" in there.headline
    assert finding(results, "assault", "UA").judgement == "undetermined"


@pytest.mark.parametrize("party", ["RU", "UA"])
def test_small_drones_are_large_claims_without_a_baseline(results: Results, party: str) -> None:
    drones = finding(results, "small_drone", party)
    assert (drones.occurrence, drones.judgement) == ("alleged", "undetermined")
    assert "no_baseline" in drones.reason_codes
    assert any((e.value or 0) > 900 for e in drones.evidence)


@pytest.mark.parametrize("party", ["RU", "UA"])
def test_advances_cannot_be_dated_and_one_map_was_stale(results: Results, party: str) -> None:
    advance = finding(results, "advance", party)
    assert advance.judgement == "undetermined"
    assert {"map_not_datable", "map_stale"} <= set(advance.reason_codes)


def test_the_second_map_did_not_move_from_17_to_22_april_by_shape(results: Results) -> None:
    line = next(line for line in results.lines if line.source_id == "liveuamap")
    assert line.updates_in_window == 0
    status = {f"{s.map_time:%m-%d}": s.status for s in line.snapshots}
    assert status["04-17"] == "update"
    assert status["04-18"] == "repeat"  # other bytes, same shape
    assert status["04-23"] == "update"


def test_fires_are_uninformative_and_the_power_of_the_test_is_given(results: Results) -> None:
    fires = next(s.effect for s in results.series if s.series.spec.id == "fires_near_line")
    assert fires is not None
    assert not fires.informative
    assert 0 <= fires.power[0.5] < 0.5
    assert any("Uninformative" in sentence and "Fires" in sentence for sentence in results.context)


def test_no_bound_on_what_went_unseen_is_possible_and_a_what_if_is_given(results: Results) -> None:
    for f in results.findings:
        assert (f.bound.history_hi95, f.bound.worst_hi95, f.bound.evader_hi95) == (None, None, None)
        assert "no_bound" in f.reason_codes
        assert f.bound.what_if


def test_both_totals_equal_their_parts_and_are_not_ranked(outcome: VerifyOutcome) -> None:
    accounts = {a.value: a for a in outcome.results.claim_accounts if a.parts}
    assert set(accounts) == {2935, 4900}
    assert {a.check for a in accounts.values()} == {"sums"}
    assert len({a.window for a in accounts.values()}) == 2
    page = outcome.report_html.read_text()
    assert not re.search(
        r"more violations than|fewer violations than|broke it more|worse than the other", page
    )


def test_every_reason_from_evidence_leads_to_a_row_of_a_named_file(outcome: VerifyOutcome) -> None:
    tree = json.loads(outcome.findings.read_text())
    manifest = [json.loads(line) for line in (outcome.out / "manifest.jsonl").read_text().splitlines()]
    named = {entry["file"] for entry in manifest if entry["kind"] == "file"}
    seen = 0
    for item in tree["findings"]:
        for reason in item["details"]["reasons"]:
            for row in reason.get("rows", []):
                assert row["file"] in named
                seen += 1
    assert seen > 60


def swap_ids(text: str) -> str:
    """Exchange the parties' ids and names, wherever they stand as words."""
    for one, other in (("RU", "UA"), ("Russia", "Ukraine")):
        text = re.sub(rf"(?<![\w-]){one}(?![\w-])", "\0", text)
        text = re.sub(rf"(?<![\w-]){other}(?![\w-])", one, text)
        text = text.replace("\0", other)
    return text


def without_digests(tree: Any) -> Any:
    """Names made of content, and content digests, differ by design."""
    if isinstance(tree, dict):
        return {
            k: without_digests(v)
            for k, v in tree.items()
            if not k.endswith(("_id", "_ids", "digest", "size_bytes")) or k == "party_id"
            if k not in {"origin", "root", "entries"}  # of the evidence log
        }
    if isinstance(tree, list):
        return [without_digests(item) for item in tree]
    return tree


def test_exchanging_the_parties_exchanges_the_findings_and_nothing_else(
    case_folder: Path, outcome: VerifyOutcome, shared_data: Path, tmp_path: Path
) -> None:
    swapped = tmp_path / "case"
    shutil.copytree(case_folder, swapped)
    for path in swapped.rglob("*"):
        if path.suffix in {".yaml", ".csv"} and path.name != "places.csv":
            path.write_text(swap_ids(path.read_text()))
    data = tmp_path / "data"
    shutil.copytree(shared_data, data, copy_function=_link)
    ledger = data / "claims_ledger" / "truce_claims.csv"
    text = ledger.read_text()
    ledger.unlink()
    ledger.write_text(swap_ids(text))
    turned = verify(swapped, data=data, out=tmp_path / "out", pdf=False)
    before = json.loads(outcome.findings.read_text())
    after = json.loads(swap_ids(turned.findings.read_text()))
    assert without_digests(after) == without_digests(before)


def _link(source: str, target: str) -> None:
    Path(target).symlink_to(Path(source).resolve())


def test_without_the_data_the_report_is_poorer_and_says_so(case_folder: Path, tmp_path: Path) -> None:
    poor = verify(case_folder, data=None, out=tmp_path / "out", pdf=False)
    states = {s.source_id: s.state for s in poor.results.sources}
    assert states.pop("figures") == "read"
    assert set(states.values()) == {"absent"}
    assert all(s.cost_of_absence for s in poor.results.sources)
    air = finding(poor.results, "long_range_air", "RU")
    assert "source_absent" in air.reason_codes
    assert air.e_value is None
    assert finding(poor.results, "shelling", "RU").judgement == "partial"
    assert "absent" in poor.report_html.read_text().lower()
