"""Laws of attribution on played fronts: copies, floods, exchanged parties, shifted lines, order of rows."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from truceline.attribution import LineView, attribute, view_line
from truceline.attribution.model import landing_density, strewn_density
from truceline.attribution.threshold import choose_threshold
from truceline.base.columns import IntArray, codes
from truceline.base.geodesy import FloatArray
from truceline.base.words import RATIO_BANDS, ratio_word
from truceline.origins import collapse_copies
from truceline.schema.table import Table
from truceline.simulate import play, read_regime
from truceline.workflow.engine import Setting, complete_setting, draw_line, group

SIZE: dict[str, Any] = {"days": 8, "length_km": 500, "salvos_per_day": 150}


def setting_of(played: Any) -> Setting:
    return complete_setting(
        Setting(
            observations=played.observations, coverage=played.coverage, control=played.control, areas=played.areas,
            parties=tuple(played.parties), hard_sources=tuple(played.hard_sources), acts=tuple(played.acts), frame=played.frame,
        )
    )  # fmt: skip


@lru_cache(maxsize=4)
def front(regime: str, exchanged: bool = False) -> tuple[Setting, Table, Table, Any]:
    """A front, its observations with their origins, and incidents by true partition."""
    law = read_regime(regime, **SIZE)
    if exchanged:
        law = law.model_copy(update={"parties": tuple(
            one.model_copy(update={"id": other.id}) for one, other in zip(law.parties, law.parties[::-1], strict=True)
        )})  # fmt: skip
    played = play(law, seed=3)
    setting = setting_of(played)
    observations = collapse_copies(setting.observations)
    incidents = group(observations, setting, partition=true_groups(played.truth.links))
    return setting, observations, incidents, played


def true_groups(links: Table) -> IntArray:
    key = links["origin_id"]
    for name in ("fake_id", "truth_id"):
        key = pc.if_else(pc.equal(links[name], ""), key, links[name])
    return codes(key if isinstance(key, pa.ChunkedArray) else pa.chunked_array([key]))[0]


def judged(setting: Setting, observations: Table, incidents: Table, **options: Any) -> Table:
    line, _ = draw_line(setting)
    given_: dict[str, Any] = {
        "parties": setting.parties, "line": line, "frame": setting.frame,
        "attributable_sources": frozenset(setting.hard_sources), **options,
    }  # fmt: skip
    return attribute(incidents, observations, **given_)


def chances(table: Table) -> dict[str, dict[str, float]]:
    rows = zip(table["incident_id"].to_pylist(), table["party_p"].to_pylist(), strict=True)
    return {name: dict(p) for name, p in rows}


def named(table: Table) -> dict[str, str]:
    rows = zip(table["incident_id"].to_pylist(), table["attributed_party_id"].to_pylist(), strict=True)
    return {name: party for name, party in rows if party is not None}


def test_a_hundred_copies_of_every_report_move_no_probability() -> None:
    setting, observations, incidents, _ = front("plain")
    soft = observations.filter(pc.invert(pc.is_in(observations["source_id"], value_set=pa.array(setting.hard_sources))))  # fmt: skip
    copies, more = [observations], {name: [name] for name in soft["observation_id"].to_pylist()}
    for k in range(100):
        ids = pc.binary_join_element_wise(soft["observation_id"], str(k), "~")
        copies.append(soft.set_column(0, soft.schema.field(0), ids))
        for name in more:
            more[name].append(f"{name}~{k}")
    lists = [[each for name in ids for each in more.get(name, [name])] for ids in incidents["observation_ids"].to_pylist()]  # fmt: skip
    at = incidents.schema.get_field_index("observation_ids")
    copied = incidents.set_column(at, incidents.schema.field(at), pa.array(lists, type=incidents.schema.field(at).type))  # fmt: skip
    table = judged(setting, pa.concat_tables(copies), copied)
    plain = judged(setting, observations, incidents)
    assert chances(table) == chances(plain)
    assert named(table) == named(plain)
    assert len(named(plain)) > 30


def test_the_order_of_rows_changes_no_bit() -> None:
    setting, observations, incidents, _ = front("falseflag")
    rng = np.random.default_rng(8)
    turned = judged(
        setting,
        observations.take(pa.array(rng.permutation(observations.num_rows))),
        incidents.take(pa.array(rng.permutation(incidents.num_rows))),
    )
    assert chances(turned) == chances(judged(setting, observations, incidents))


def test_exchanging_the_parties_of_a_front_exchanges_everything_to_the_last_bit() -> None:
    one, other = front("falseflag"), front("falseflag", True)
    assert one[0].parties == other[0].parties[::-1]
    exchange = {**dict(zip(one[0].parties, other[0].parties, strict=True)), "other": "other"}
    first, second = judged(*one[:3]), judged(*other[:3])
    exchanged = {name: {exchange[who]: p for who, p in each.items()} for name, each in chances(first).items()}
    assert list(exchanged.values()) == list(chances(second).values())
    assert [exchange.get(name) for name in first["attributed_party_id"].to_pylist()] == second["attributed_party_id"].to_pylist()  # fmt: skip
    assert first["likelihood_ratio"].to_pylist() == second["likelihood_ratio"].to_pylist()


@pytest.mark.parametrize("accused", [0, 1, None])
def test_claims_may_withhold_blame_and_never_bring_it(accused: int | None) -> None:
    """Whatever the reports say: nobody is named who is not named by the hard traces alone."""
    setting, observations, incidents, _ = front("falseflag")
    hard = pc.is_in(observations["source_id"], value_set=pa.array(setting.hard_sources))
    alone = named(judged(setting, observations.filter(hard), incidents))
    party = None if accused is None else setting.parties[accused]
    at = observations.schema.get_field_index("accused_party_id")
    says = pc.if_else(hard, pa.scalar(None, pa.string()), pa.scalar(party, pa.string()))
    accusing = observations.set_column(at, observations.schema.field(at), says)
    found = named(judged(setting, accusing, incidents))
    assert found.items() <= alone.items()
    assert len(alone) > 30


def test_incidents_that_only_reports_tell_of_have_no_basis() -> None:
    setting, observations, incidents, _ = front("flood")
    table = judged(setting, observations, incidents)
    hard = set(setting.hard_sources)
    for sources, p in zip(table["source_ids"].to_pylist(), table["party_p"].to_pylist(), strict=True):
        if not hard & set(sources):
            assert p == []


def shifted(view: LineView, frame: Any, shift_km: float) -> LineView:
    def distance(longitude: FloatArray, latitude: FloatArray, at_us: IntArray) -> FloatArray:
        x, y = frame.to_plane(longitude, latitude)
        return view.distance_m(*frame.to_globe(x - 1000 * shift_km, y), at_us)

    return replace(view, distance_m=distance)


def test_a_shifted_line_names_fewer_and_turns_no_blame_round() -> None:
    setting, observations, incidents, played = front("plain")
    line, _ = draw_line(setting)
    assert line is not None
    assert setting.frame is not None
    view = view_line(line, frame=setting.frame)
    assert view is not None
    party = dict(zip(played.truth.incidents["truth_id"].to_pylist(), played.truth.incidents["party_id"].to_pylist(), strict=True))  # fmt: skip
    link = dict(zip(played.truth.links["observation_id"].to_pylist(), played.truth.links["truth_id"].to_pylist(), strict=True))  # fmt: skip
    true = {
        name: party.get(link[ids[0]])
        for name, ids in zip(
            incidents["incident_id"].to_pylist(), incidents["observation_ids"].to_pylist(), strict=True
        )
    }
    count = {}
    for shift in (-5.0, -3.0, 0.0, 3.0, 5.0):
        found = named(judged(setting, observations, incidents, line=shifted(view, setting.frame, shift)))
        wrong = sum(true[name] is not None and true[name] != who for name, who in found.items())
        assert wrong <= 0.01 * len(found) + 1
        count[shift] = len(found)
    assert max(count[-3.0], count[3.0]) < count[0.0]
    assert max(count[-5.0], count[5.0]) < count[0.0]


@settings(max_examples=25, deadline=None)
@given(beyond=st.floats(-9e3, 2e4), sd=st.floats(50, 6e3), scale=st.floats(300, 6e3))
def test_the_density_of_impacts_is_the_convolution_that_it_is_said_to_be(
    beyond: float, sd: float, scale: float
) -> None:
    def both(depth: float) -> float:
        fall = 0.5 * depth * np.exp(-depth / scale) / scale**2 + 0.25 * np.exp(-depth / 2 / scale) / scale
        return float(fall * np.exp(-0.5 * ((beyond - depth) / sd) ** 2) / sd / np.sqrt(2 * np.pi))

    middle = max(beyond, 0.0)
    points = sorted({0.0, max(middle - 5 * sd, 0.0), middle, middle + 5 * sd, middle + 30 * scale})
    expected = sum(quad(both, low, high, limit=200)[0] for low, high in pairwise(points))
    found = float(landing_density(np.array([beyond]), np.array([sd]), np.asarray(scale))[0])
    assert found == pytest.approx(expected, rel=2e-4, abs=1e-13)


def test_densities_add_up_to_one() -> None:
    at = np.arange(-200_000.0, 300_000.0, 20.0)
    for sd in (100.0, 1_500.0, 20_000.0):
        spread = np.full(len(at), sd)
        assert landing_density(at, spread, np.asarray(2_000.0)).sum() * 20 == pytest.approx(1, abs=1e-3)
        assert strewn_density(at, spread, 6_000.0).sum() * 20 == pytest.approx(1, abs=1e-3)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 0.05))
def test_at_the_threshold_and_at_every_stricter_one_few_names_are_wrong(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    score = rng.random(3_000)
    wrong = rng.random(3_000) < share * (1.2 - score)
    threshold = choose_threshold(score, wrong, alpha=0.01)
    for least in (threshold, threshold + 0.3 * (1 - threshold)) if np.isfinite(threshold) else ():
        names = score >= least
        if names.sum() >= 100:
            assert (wrong[names].sum() + 1) / (names.sum() + 1) <= 0.01


def test_without_errors_everybody_is_named_and_with_errors_alone_nobody() -> None:
    score = np.linspace(0.5, 1, 500)
    assert choose_threshold(score, np.zeros(500, dtype=bool)) == 0.5
    assert choose_threshold(score, np.ones(500, dtype=bool)) == float("inf")
    assert choose_threshold(score[:50], np.zeros(50, dtype=bool)) == float("inf")


def test_ratios_have_words_from_the_table() -> None:
    assert [ratio_word(x) for x in (1, 2, 10, 999, 1e9)] == [
        "no support", "weak support", "moderate support", "moderately strong support", "extremely strong support"
    ]  # fmt: skip
    assert ratio_word(float("inf")) == RATIO_BANDS[-1][1]
    with pytest.raises(ValueError, match="inverse"):
        ratio_word(0.5)
