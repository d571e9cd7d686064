"""Existence trained on other seeds of a regime, kept between runs: what ``id_f1`` is measured against."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from evaluation.fronts import front
from evaluation.rows import TRAINING_SEEDS, Budget
from truceline.base.columns import FloatArray
from truceline.scoring.boosting import Boosted, from_dict
from truceline.scoring.identity import IdScore, Partition, id_f1
from truceline.scoring.trained import Shown, label_groups, show_groups, train_existence
from truceline.scoring.truth import Linked, link, make_truth

ROOT = Path(__file__).resolve().parent.parent.parent
#: a regime of very many salvos is trained on fewer days of each seed
TRAINING_SIZE: dict[str, dict[str, Any]] = {"war": {"days": 3}}


def show(played: Any, linked: Linked, partition: Partition) -> Shown:
    """What a learner is shown of the groups of a partition."""
    return show_groups(
        played.observations, partition, linked, coverage=played.coverage, frame=played.frame,
        sources=tuple(played.sources), hard_sources=played.hard_sources, acts=played.acts,
    )  # fmt: skip


def trained(regime: str, budget: Budget) -> Boosted:
    """The classifier of a regime, from its 20 training seeds (three small ones in a quick run)."""
    size = {**TRAINING_SIZE.get(regime, {}), **budget.size}
    seeds = TRAINING_SEEDS[:3] if budget.quick else TRAINING_SEEDS
    path = budget.work / f"trained.{regime}.{_digest(regime, size)}.json"
    if path.is_file():
        return from_dict(json.loads(path.read_text(encoding="utf-8")))
    shown, happened = [], []
    for seed in seeds:
        played = front(regime, seed=seed, **size)
        linked = link(played.observations, make_truth(played.truth.incidents, played.truth.links))
        labels, came = label_groups(linked)
        shown.append(show(played, linked, labels))
        happened.append(came)
    model = train_existence(shown, happened)
    about = {
        "regime": regime, "seeds": list(seeds), "sources": list(played.sources),
        "hard_sources": list(played.hard_sources), "acts": list(played.acts),
    }  # fmt: skip
    path.write_text(json.dumps(model.as_dict() | {"about": about}), encoding="utf-8")
    return model


def _digest(regime: str, size: dict[str, Any]) -> str:
    """Of what the classifier depends on: the simulator, the features, the learner."""
    digest = hashlib.sha256(repr((regime, sorted(size.items()))).encode())
    folder = ROOT / "src" / "truceline"
    paths = [*sorted((folder / "simulate").rglob("*.py")), *sorted((folder / "simulate").rglob("*.yaml"))]
    paths += [folder / "scoring" / name for name in ("trained.py", "boosting.py", "identity.py")]
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def trained_existence(model: Boosted, played: Any, linked: Linked) -> tuple[IdScore, FloatArray]:
    """The score of true partition and trained existence, and that existence."""
    labels, _ = label_groups(linked)
    p = model.probabilities(show(played, linked, labels).values)
    return id_f1(Partition(group=labels.group, existence_p=p), linked), p
