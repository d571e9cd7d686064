"""What reports alone tell of: how many of a voice's are true is counted from what hard sensors bear out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from truceline.fusion.alone import PLACED_SHARE, Reports, _sincere, _veracity

SEEN = 0.5


def told(n: int, rng: np.random.Generator, *, true: float, voice: int = 0) -> tuple[Reports, np.ndarray]:
    """Reports of which a share is true, each of an own event; and which of them met a detection."""
    met = (rng.random(n) < true) & (rng.random(n) < PLACED_SHARE * SEEN)
    whole = np.full(n, voice)
    return Reports(
        track=np.arange(n), voice=whole, manner=whole * 0, weight=np.ones(n), seen=np.full(n, SEEN), crowd=np.zeros(n)
    ), met  # fmt: skip


def both(a: Reports, b: Reports) -> Reports:
    joined = {name: np.concatenate([getattr(a, name), getattr(b, name)]) for name in Reports.__slots__}
    return Reports(**{**joined, "track": np.arange(len(joined["track"]))})


@pytest.mark.parametrize("true", [0.05, 0.3, 0.8])
def test_the_share_of_true_reports_is_found(true: float) -> None:
    reports, met = told(5_000, np.random.default_rng(1), true=true)
    found = _veracity(reports, met, np.ones(5_000), least=0.0)
    assert found == pytest.approx(np.full(5_000, true), abs=0.05)


def test_a_few_reports_are_held_to_those_of_their_like() -> None:
    # a second voice of whose ten reports none was borne out, which happens by chance
    rng = np.random.default_rng(2)
    (many, met), (few, _) = told(2_000, rng, true=0.8), told(10, rng, true=0.8, voice=1)
    found = _veracity(both(many, few), np.append(met, np.zeros(10, bool)), np.ones(2_010), least=0.0)
    alone = _veracity(few, np.zeros(10, bool), np.ones(10), least=0.0)
    assert alone[-1] < found[-1] < found[0]


def test_a_flood_stands_apart_from_honest_voices() -> None:
    rng = np.random.default_rng(3)
    (honest, met), (flood, hit) = told(500, rng, true=0.8), told(5_000, rng, true=0.03, voice=1)
    found = _veracity(both(honest, flood), np.append(met, hit), np.ones(5_500), least=0.0)
    assert found[0] > 0.7
    assert found[-1] < 0.1


@pytest.mark.parametrize("honest", [True, False])
def test_what_is_timed_to_detections_bears_nothing_out(honest: bool) -> None:
    # half of the detections are false; the honest meet true ones alone, the inventor whatever was detected
    rng = np.random.default_rng(4)
    detected = rng.beta(0.4, 0.4, 4_000).clip(0.001, 0.999)
    happened = rng.random(4_000) < detected
    track = np.flatnonzero(happened)[:600] if honest else rng.choice(4_000, 600, replace=False)
    some = np.full(600, 0)
    reports = Reports(
        track=track,
        voice=some,
        manner=some,
        weight=np.ones(600),
        seen=np.full(600, SEEN),
        crowd=np.zeros(600),
    )
    mean = _sincere(reports, logit(detected)).mean()
    assert mean > 0.95 if honest else mean < 0.2


def test_by_too_few_that_sensors_could_have_seen_nobody_is_judged() -> None:
    reports, met = told(8, np.random.default_rng(5), true=0.8)
    assert np.isnan(_veracity(reports, met, np.ones(8), least=5.0)).all()
