"""The rule of judgement: symmetric, monotone, and never surer than its evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from truceline.assurance.series import Bound
from truceline.base.intervals import Interval
from truceline.findings.judge import judge
from truceline.findings.results import Evidence, Reason

START = datetime(2031, 4, 20, tzinfo=UTC)
NO_BOUND = Bound(
    act="shelling", area_id="all", period=Interval(START, START + timedelta(days=1)), detections=None,
    history_hi95=None, worst_hi95=None, evader_hi95=None,
)  # fmt: skip
SMALL_BOUND = replace(NO_BOUND, detections=0, history_hi95=2.0, worst_hi95=3.0, evader_hi95=4.0)

evidences = st.builds(
    Evidence,
    kind=st.sampled_from(
        ["opponent_count", "opponent_concession", "own_report", "third_party_count", "news"]
    ),
    speaker=st.just("somebody"),
    speaker_party_id=st.sampled_from(["A", "B", None]),
    change=st.sampled_from(["ceased", "fell", "unchanged", "rose", "not_shown", "not_said"]),
    residual=st.sampled_from([True, False, None]),
    value=st.one_of(st.none(), st.floats(0, 100)),
    relation=st.just("="),
    unit=st.just("shelling"),
    baseline_value=st.one_of(st.none(), st.floats(1, 100)),
    baseline_note=st.just(""),
    ratio=st.one_of(st.none(), st.floats(0, 3)),
    e_value=st.one_of(st.none(), st.floats(0, 1e6)),
    reason=st.just(Reason(code="opponent_count_residual", text="")),
)


def ask(evidence: list[Evidence], **rest: Any) -> Any:
    base: dict[str, Any] = {
        "attributed": [],
        "unattributed": [],
        "bound": NO_BOUND,
        "expected": 100.0,
        "watched_share": None,
    }
    return judge(evidence, **{**base, **rest})


@given(st.lists(evidences, max_size=5))
def test_nothing_is_verified_attributed_or_complied_on_words_and_counts_alone(
    evidence: list[Evidence],
) -> None:
    judged = ask(evidence)
    assert judged.occurrence not in ("verified", "corroborated")
    assert judged.responsibility != "attributed"
    assert judged.judgement in ("partial", "undetermined")


@given(st.lists(evidences, max_size=5), st.integers(0, 4))
def test_the_order_of_evidence_does_not_matter(evidence: list[Evidence], shift: int) -> None:
    turned = evidence[shift % max(len(evidence), 1) :] + evidence[: shift % max(len(evidence), 1)]
    assert ask(evidence) == ask(turned)


@given(st.lists(evidences, max_size=5))
def test_a_party_gains_nothing_by_praising_itself(evidence: list[Evidence]) -> None:
    praise = Evidence(
        kind="own_report", speaker="itself", speaker_party_id="A", change="ceased", residual=None, value=None,
        relation="=", unit="", baseline_value=None, baseline_note="", ratio=None, reason=Reason(code="own_report_fell", text=""),
    )  # fmt: skip
    assert ask([*evidence, praise]).judgement == ask(evidence).judgement


@given(st.lists(evidences, max_size=5))
def test_compliance_needs_a_bound_that_leaves_room_for_little(evidence: list[Evidence]) -> None:
    assert ask(evidence, bound=replace(SMALL_BOUND, worst_hi95=50.0)).judgement != "complied"
    assert ask(evidence, bound=SMALL_BOUND, expected=None).judgement != "complied"
    assert ask(evidence, bound=SMALL_BOUND, unattributed=[{"occurrence": "reported"}]).judgement != "complied"


def test_quiet_with_a_small_bound_is_compliance() -> None:
    assert ask([], bound=SMALL_BOUND).judgement == "complied"


def test_half_an_area_unwatched_carries_no_judgement() -> None:
    assert ask([], watched_share=0.49).judgement == "no_coverage"
    assert ask([], watched_share=0.51).judgement == "undetermined"


def test_verified_and_attributed_acts_without_a_fall_are_a_breach() -> None:
    judged = ask([], attributed=[{"occurrence": "verified"}])
    assert (judged.judgement, judged.occurrence, judged.responsibility) == (
        "non_compliant",
        "verified",
        "attributed",
    )
