"""Whether the right party was named, and how sure of it anybody could have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.columns import BoolArray, FloatArray, IntArray, map_parts
from truceline.schema.table import Table

SURE_P = 0.9
OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Figures of attribution; NaN where nothing can be judged.

    brier : of matched incidents with ``party_p``. error_at_90 : wrong among those with a party at .9
    or more. share_decided : of matched incidents, those with such a party. wrong_did_it : of the
    incidents that name a party as the doer, those where that party is not; named : how many do.
    """

    brier: float
    n: int
    error_at_90: float
    share_decided: float
    wrong_did_it: float
    wrong_share: float  #: wrong names among all reported incidents
    named: int


def party_chances(incidents: Table, parties: Sequence[str]) -> FloatArray:
    """(n_incidents, n_parties + 1) probability of each party and of `other`; NaN rows: none given."""
    names = [*parties, OTHER]
    rows, keys, values = map_parts(incidents["party_p"])
    place = pc.fill_null(pc.index_in(keys, value_set=pa.array(names, type=pa.string())), -1).to_numpy()
    p = np.zeros((incidents.num_rows, len(names)))
    known = place >= 0
    p[rows[known], place[known]] = values[known]
    p[np.bincount(rows, minlength=incidents.num_rows) == 0] = np.nan
    return p


def brier_of_parties(p: FloatArray, truth: IntArray) -> float:
    """Brier score = mean of ½ Σ_k (p_k − o_k)², which for two classes is the binary (p − o)² (Brier 1950).

    p : (n, n_classes). truth : (n,) class that is true.
    """
    if not len(p):
        return float("nan")
    came = np.zeros_like(p)
    came[np.arange(len(p)), truth] = 1.0
    return float(0.5 * ((p - came) ** 2).sum(axis=1).mean())


def judge_blame(
    p: FloatArray, named: IntArray, truth: IntArray, matched: BoolArray, reported: BoolArray
) -> Blame:
    """Figures of attribution over incidents; the order of parties does not matter.

    p : (n, n_parties + 1), the last one neither; NaN: none given. named : (n,) party said to have
    done it, −1: none. truth : (n,) class of the event that the incident belongs to, the last one
    for neither, −1 where it belongs to none. matched, reported : (n,).

    A party named for an incident that belongs to no event, or to a staged one, is wrongly named.
    """
    n_parties = p.shape[1] - 1
    judged = matched & (truth >= 0) & np.isfinite(p[:, 0])
    best = np.where(np.isfinite(p), p, -1.0)[:, :n_parties]
    party, top = best.argmax(axis=1), best.max(axis=1, initial=-1.0)
    sure = judged & (top >= SURE_P)
    says = reported & (named >= 0)
    wrong = says & (named != truth)
    return Blame(
        brier=brier_of_parties(p[judged], truth[judged]),
        n=int(judged.sum()),
        error_at_90=_share(sure & (party != truth), sure),
        share_decided=_share(sure, matched & (truth >= 0)),
        wrong_did_it=_share(wrong, says),
        wrong_share=_share(wrong, reported),
        named=int(says.sum()),
    )


def _share(part: BoolArray, whole: BoolArray) -> float:
    n = int(whole.sum())
    return float(part.sum()) / n if n else float("nan")
