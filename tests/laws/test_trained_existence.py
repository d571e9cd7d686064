"""Laws of existence by a trained model: it is asked only where somebody asks, and everything says so."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pytest

from truceline.base.columns import floats
from truceline.fusion import associate
from truceline.fusion.associate import describe
from truceline.fusion.blocks import associate_in_blocks
from truceline.fusion.features import FEATURES
from truceline.fusion.trained import REASON, ExistenceBy, read_model, shipped_model, write_model
from truceline.origins import collapse_copies
from truceline.schema.table import Table
from truceline.scoring.identity import Partition, id_f1, own_events
from truceline.scoring.truth import link, make_truth
from truceline.simulate import Front, play, read_regime
from truceline.workflow.case_file import CaseFile
from truceline.workflow.engine import Setting


@lru_cache(maxsize=2)
def front(regime: str = "plain") -> Front:
    return play(read_regime(regime, days=5, length_km=600), seed=3)


def fuse(played: Front, *, existence: ExistenceBy, observations: Table | None = None) -> Table:
    return associate(
        collapse_copies(played.observations if observations is None else observations), frame=played.frame,
        acts=played.acts, coverage=played.coverage, areas=played.areas, hard_sources=played.hard_sources,
        existence=existence,
    )  # fmt: skip


def test_only_incidents_that_a_trained_model_judged_say_so() -> None:
    plain, trained = (fuse(front(), existence=by) for by in ("generative", "trained"))
    assert not any(REASON in reasons for reasons in plain["reason_codes"].to_pylist())
    based = np.isfinite(floats(trained["existence_p"]))
    told = np.array([REASON in reasons for reasons in trained["reason_codes"].to_pylist()])
    np.testing.assert_array_equal(told, based)


def test_no_case_is_judged_by_a_trained_model_unless_it_asks() -> None:
    assert CaseFile.model_fields["existence"].default == "generative"
    assert inspect.signature(associate).parameters["existence"].default == "generative"
    assert Setting.__dataclass_fields__["existence"].default == "generative"


def test_a_trained_model_changes_how_likely_incidents_are_and_not_what_they_are_made_of() -> None:
    plain, trained = fuse(front(), existence="generative"), fuse(front(), existence="trained")
    assert plain["observation_ids"].equals(trained["observation_ids"])
    p, q = floats(plain["existence_p"]), floats(trained["existence_p"])
    np.testing.assert_array_equal(np.isnan(p), np.isnan(q))
    assert np.nanmax(np.abs(p - q)) > 0.05
    assert ((q >= 0) & (q <= 1) | np.isnan(q)).all()


def test_the_order_of_rows_changes_no_trained_existence() -> None:
    played = front()
    turn = np.random.default_rng(1).permutation(played.observations.num_rows)
    turned = fuse(played, existence="trained", observations=played.observations.take(pa.array(turn)))
    assert fuse(played, existence="trained").equals(turned)


def test_one_block_gives_what_associate_gives() -> None:
    played = front()
    whole = associate_in_blocks(
        collapse_copies(played.observations), frame=played.frame, acts=played.acts, coverage=played.coverage,
        areas=played.areas, hard_sources=played.hard_sources, existence="trained",
    )  # fmt: skip
    assert whole.equals(fuse(played, existence="trained"))


def test_exchanging_the_parties_changes_no_trained_existence() -> None:
    played = front()
    west, east = played.regime.parties
    exchanged = play(played.regime.model_copy(update={"parties": (east, west)}), seed=3)
    np.testing.assert_array_equal(
        floats(fuse(played, existence="trained")["existence_p"]),
        floats(fuse(exchanged, existence="trained")["existence_p"]),
    )


def test_the_model_comes_back_from_its_file_as_it_was() -> None:
    model = shipped_model()
    assert write_model(read_model(write_model(model))) == write_model(model)
    with pytest.raises(ValueError, match="train it anew"):
        read_model(write_model(model).replace('"n_hard"', '"n_other"', 1))


def test_the_file_says_how_it_was_made() -> None:
    about = shipped_model().about
    assert about["made_by"] == "tools/train_existence.py"
    assert min(about["seeds"]) >= 1000
    assert max(about["seeds"]) < 5000, "published seeds train nothing"


def test_judged_by_a_model_that_is_right_of_the_truth_fusion_tells_more_of_what_happened() -> None:
    played = front("quiet")
    number, described, generative = describe(
        collapse_copies(played.observations), frame=played.frame, acts=played.acts, coverage=played.coverage,
        areas=played.areas, hard_sources=played.hard_sources,
    )  # fmt: skip
    assert described.values.shape == (len(generative), len(FEATURES))
    linked = link(played.observations, make_truth(played.truth.incidents, played.truth.links))
    happened = own_events(Partition(group=number, existence_p=generative), linked) >= 0

    def scored(p: np.ndarray) -> float:
        return id_f1(Partition(group=number, existence_p=p), linked).f1

    trained = shipped_model().judge(described)
    assert scored(generative) < scored(trained) < scored(happened.astype(np.float64))
    known = np.isfinite(generative)
    brier = [float(((p - happened)[known] ** 2).mean()) for p in (generative, trained)]
    assert brier[1] < brier[0]


def test_what_a_model_says_of_a_track_depends_on_its_features_alone() -> None:
    played = front()
    _, described, _ = describe(
        collapse_copies(played.observations), frame=played.frame, acts=played.acts, coverage=played.coverage,
        areas=played.areas, hard_sources=played.hard_sources,
    )  # fmt: skip
    turn = np.random.default_rng(2).permutation(len(described.hard))
    turned = replace(described, values=described.values[turn], hard=described.hard[turn])
    np.testing.assert_allclose(
        shipped_model().judge(turned), shipped_model().judge(described)[turn], atol=1e-12
    )
