"""Existence by an additive model that was shown the truth of simulated fronts; asked only where a user says so.

The log-odds of a track are a sum of one curve per feature (``fusion.features``), linear between knots and
constant beyond them (a generalised additive model, Hastie & Tibshirani 1986), one sum for tracks that hard
sensors detected and one for those that reports alone tell of, then put on a scale and a shift that
training seeds which the curves never saw call for (Platt 1999). Every step can be read off the file.

Whatever a simulation has wrong such a model has wrong too. It is no default, and what rests on it says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from scipy.special import expit

from truceline.fusion.existence import Existence
from truceline.fusion.features import FEATURES, Described
from truceline.fusion.nodes import FloatArray

#: how existence is reckoned: by the mixture's weights alone, or by the model besides
ExistenceBy = Literal["generative", "trained"]
#: reason that each incident bears which such a model judged
REASON = "trained_existence"
FILE = "existence.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One feature's part of the log-odds: linear between knots; ``missing`` where it has no value."""

    knots: FloatArray
    values: FloatArray
    missing: float

    def at(self, feature: FloatArray) -> FloatArray:
        """(n,) nats for (n,) values."""
        known = np.isfinite(feature)
        found = np.interp(np.where(known, feature, self.knots[0]), self.knots, self.values)
        return np.where(known, found, self.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Additive:
    """A sum of curves, in the order of ``FEATURES``. slope, shift : of the log-odds (Platt)."""

    start: float
    curves: tuple[Curve, ...]
    slope: float = 1.0
    shift: float = 0.0

    def log_odds(self, values: FloatArray) -> FloatArray:
        """(n,) for features (n, n_features)."""
        total = np.full(len(values), self.start)
        for k, curve in enumerate(self.curves):
            total += curve.at(values[:, k])
        return self.slope * total + self.shift


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistenceModel:
    """hard : of tracks that hard sensors detected; reports : of others. about : how it was made."""

    hard: Additive
    reports: Additive
    about: dict[str, Any]

    def judge(self, described: Described) -> FloatArray:
        """(n_tracks,) probability that each is an event."""
        found = np.empty(len(described.values))
        for part, rows in ((self.hard, described.hard), (self.reports, ~described.hard)):
            found[rows] = expit(part.log_odds(described.values[rows]))
        return found


def judge_trained(model: ExistenceModel, described: Described, generative: Existence) -> Existence:
    """The same with the model's probabilities, where there is a basis for any."""
    known = np.isfinite(generative.probability)
    p = np.where(known, model.judge(described), np.nan)
    return Existence(probability=p, false=generative.false)


@lru_cache(maxsize=1)
def shipped_model() -> ExistenceModel:
    """The model that comes with Truceline, made by ``tools/train_existence.py``."""
    return read_model(files("truceline.fusion").joinpath(FILE).read_text(encoding="utf-8"))


def read_model(text: str) -> ExistenceModel:
    """Read what ``write_model`` made.

    Raises
    ------
    ValueError
        If it was made of other features than are described now.
    """
    entry = json.loads(text)
    if tuple(entry["features"]) != FEATURES:
        raise ValueError(
            f"got a model of {len(entry['features'])} features, expected these {len(FEATURES)}: {', '.join(FEATURES)}; "
            "train it anew with tools/train_existence.py"
        )
    return ExistenceModel(hard=_read(entry["hard"]), reports=_read(entry["reports"]), about=entry["about"])


def _read(entry: dict[str, Any]) -> Additive:
    curves = tuple(
        Curve(knots=np.array(one["knots"]), values=np.array(one["values"]), missing=one["missing"])
        for one in entry["curves"]
    )
    return Additive(start=entry["start"], curves=curves, slope=entry["slope"], shift=entry["shift"])


def write_model(model: ExistenceModel) -> str:
    """As JSON, one curve a line, four decimals."""

    def number(value: float) -> str:
        return json.dumps(round(float(value), 4))

    def curve(name: str, one: Curve) -> str:
        knots, values = (f"[{', '.join(map(number, each))}]" for each in (one.knots, one.values))
        return f'      {{"feature": "{name}", "knots": {knots}, "values": {values}, "missing": {number(one.missing)}}}'

    def part(one: Additive) -> str:
        curves = ",\n".join(curve(name, each) for name, each in zip(FEATURES, one.curves, strict=True))
        head = ", ".join(f'"{name}": {number(getattr(one, name))}' for name in ("start", "slope", "shift"))
        return f'{{{head}, "curves": [\n{curves}\n    ]}}'

    about = json.dumps(model.about, ensure_ascii=False, indent=2).replace("\n", "\n  ")
    features = json.dumps(list(FEATURES))
    return f'{{\n  "about": {about},\n  "features": {features},\n  "hard": {part(model.hard)},\n  "reports": {part(model.reports)}\n}}\n'
