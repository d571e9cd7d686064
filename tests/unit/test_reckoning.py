"""Totals and worth in words and in findings.json."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fixtures_results import example_results
from jsonschema import Draft202012Validator

from truceline.assurance.series import Bound, Campaign, LightBound
from truceline.assurance.totals import Total
from truceline.assurance.worth import measure_worth
from truceline.base.intervals import Interval
from truceline.findings.reckoning import LeftOut, Reckoning, bound_more, describe_totals, describe_worth
from truceline.release.register import Settled, read_register
from truceline.release.rule import ReleaseRule
from truceline.release.withhold import Withheld, publish
from truceline.reports.findings_json import findings_document
from truceline.reports.findings_schema import findings_schema
from truceline.reports.reckoning import bound_parts_record, totals_record, worth_record

START = datetime(2030, 4, 19, tzinfo=UTC)
PERIOD = Interval(START, START + timedelta(days=3))
NAMES = {"fire": "Fire", "flight": "Flight"}


def total(
    act: str, estimate: float | None, width: float = 10.0, codes: tuple[str, ...] | None = None
) -> Total:
    return Total(
        act=act,
        area_id="area",
        period=PERIOD,
        detected=30.0,
        estimate=estimate,
        lo95=None if estimate is None else estimate - width / 2,
        hi95=None if estimate is None else estimate + width / 2,
        blind_share=0.3,
        reason_codes=codes if codes is not None else ("no_bound",) if estimate is None else (),
    )


def limit(act: str, history: float | None) -> Bound:
    return Bound(act=act, area_id="area", period=PERIOD, detections=3, history_hi95=history, worst_hi95=history, evader_hi95=None)  # fmt: skip


def test_a_total_is_told_with_its_interval_and_what_nobody_could_have_seen():
    told = describe_totals(
        Reckoning(totals=(total("fire", 60.0), total("flight", None))),
        act_names=NAMES,
        area_names={"area": "Area"},
        zone="UTC",
    )
    assert told[0].startswith("Fire, Area, 19 April to 21 April: about 60 happened (95 %: 55 to 65), 30 of")
    assert "30 % of these lie where nobody" in told[0]
    assert (
        told[1]
        == "How many happened cannot be told, since no source has a known chance of detecting them: Flight."
    )


def test_a_total_of_ground_that_nobody_watched_says_so():
    told = describe_totals(
        Reckoning(totals=(total("fire", 60.0, codes=("ground_unwatched",)), total("flight", None, codes=("blind_spot",)))),
        act_names=NAMES,
        area_names={"area": "Area"},
        zone="UTC",
    )  # fmt: skip
    assert "Nobody watched most of this ground" in told[0]
    assert "nobody could have seen them: Flight" in told[1]


def test_nothing_is_told_where_nothing_was_reckoned():
    assert describe_totals(Reckoning(), act_names=NAMES, area_names={}, zone="UTC") == []
    assert describe_totals(Reckoning(totals=(total("flight", None),)), act_names=NAMES, area_names={"area": "Area"}, zone="UTC") == []  # fmt: skip
    assert describe_worth(Reckoning(), act_names=NAMES, source_titles={}) == []


def test_worth_is_how_much_less_would_be_known():
    def bound(act: str, without: str | None) -> Bound:
        return limit(act, {None: 20.0, "radar": None, "patrol": 20.0}[without])

    def totals(without: str | None) -> tuple[Total, ...]:
        return (total("fire", 60.0, {None: 10.0, "radar": 40.0, "patrol": 10.1}[without]),)

    worth = measure_worth(["radar", "patrol"], ["fire"], bound=bound, total=totals)
    told = describe_worth(Reckoning(worth=worth), act_names=NAMES, source_titles={"radar": "The radar"})
    assert told == ["Without The radar, Fire: limit 20 → none; interval of the total × 4."]
    assert worth_record(Reckoning(worth=worth))[0]["bound_without_hi95"] is None


def test_a_bound_tells_day_night_and_the_smallest_campaign():
    light = LightBound(detections=1, history_hi95=8.0, worst_hi95=12.0, evader_hi95=None)
    one = Bound(
        act="fire", area_id="area", period=PERIOD, detections=2, history_hi95=10.0, worst_hi95=15.0,
        evader_hi95=None, day=light, night=light, campaign=Campaign(history=3.0, worst=6.0, evader=None, seen_p=0.9),
    )  # fmt: skip
    told = bound_more(one)
    assert told[0].startswith("By day (6 to 18 h): at most 8, 12 in the worst watched part.")
    assert told[1].startswith("Seen with 90 %: one of 3 acts spread as before, of 6 in the worst")
    assert bound_parts_record(one)["campaign"]["worst"] == 6.0
    assert bound_more(limit("fire", 9.0)) == []


def test_totals_stand_in_the_record_as_they_are():
    record = totals_record(Reckoning(totals=(total("fire", 60.0),)))[0]
    assert (record["lo95"], record["hi95"], record["period_start"]) == (55.0, 65.0, "2030-04-19T00:00:00Z")


def test_the_public_edition_tells_no_totals_and_not_what_a_source_is_worth(tmp_path: Path):
    worth = measure_worth(
        ["radar"], ["fire"], bound=lambda act, _without: limit(act, 5.0), total=lambda _without: (total("fire", 9.0),)
    )  # fmt: skip
    results = replace(example_results(), reckoning=Reckoning(totals=(total("fire", 60.0),), worth=worth))
    by = Withheld(
        rule=ReleaseRule(delay_h=48, cell_m=20_000, zone="UTC"),
        until=START,
        own_sources=frozenset(),
        settled=Settled(register=read_register(tmp_path / "none"), told=(), n_changed=0),
    )
    document = findings_document(publish(results, by))
    assert document["totals"] == []
    assert document["worth"] == []
    for finding in document["findings"]:
        assert {finding["details"]["bound"][name] for name in ("day", "night", "campaign")} == {None}


def test_what_was_not_reckoned_is_said_in_report_and_json():
    left_out = (
        LeftOut(what="totals", n_incidents=70_001, most=60_000),
        LeftOut(what="worth_of_totals", n_incidents=70_001, most=10_000),
    )
    reckoning = Reckoning(left_out=left_out)
    totals = describe_totals(reckoning, act_names=NAMES, area_names={}, zone="UTC")
    worth = describe_worth(reckoning, act_names=NAMES, source_titles={})
    assert len(totals) == len(worth) == 1
    assert "there are 70,001 incidents, and it is reckoned for 60,000" in totals[0]
    assert "there are 70,001 incidents, and it is reckoned for 10,000" in worth[0]
    document = findings_document(replace(example_results(), reckoning=reckoning))
    assert [row["most"] for row in document["reckoning_left_out"]] == [60_000, 10_000]
    Draft202012Validator(findings_schema()).validate(document)
    assert "reckoning_left_out" not in findings_document(example_results())
