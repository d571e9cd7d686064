"""What the sides say of who it was, and how much that tells: behaviour of claims, given who fired.

Voices: each party is one, however many outlets speak for it; those who belong to none are together one.
A copy votes with its origin, once; a voice has one answer for an incident, whatever the number of its
origins: silence, a telling that accuses nobody (or several), or one that accuses a party, from one
origin or from several.

How often a voice gives each answer where party m fired, θ_v[m, ·], is estimated within the case, from
incidents with hard traces alone, by EM in which the hard likelihood stands fixed (Dawid & Skene 1979,
with a row for each of party, so that a voice may speak otherwise of its own side's fire). Each θ_v[m, ·]
shrinks towards the voice's mean over all m, with the weight of ``SHRINK`` incidents: a voice of which
little is known tells nothing. Its ratio between any two parties never exceeds ``cap``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.attribution.model import FireModel, any_order_sum, log_prior, posteriors
from truceline.attribution.traces import origins_of
from truceline.base.columns import IntArray, known, micros, number_rows, order_rows, recode
from truceline.base.geodesy import FloatArray
from truceline.schema.table import Table

SILENT, TOLD = 0, 1
#: answers that accuse start here: of party j by one origin, then by several
ACCUSES = 2
SHRINK, SHRINK_STAGED = 10.0, 5.0
CAP = 1_000.0
_TURNS = 25
#: of more incidents evenly spaced ones are learned from
MOST = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """(n_incidents, n_voices) the answer of each voice; the last voice is that of no party."""

    answer: IntArray
    n_parties: int

    @property
    def n_answers(self) -> int:
        """How many kinds of answer there are."""
        return ACCUSES + 2 * self.n_parties


def hear_claims(
    incidents: Table, observations: Table, *, parties: Sequence[str], hard: Collection[str]
) -> Claims:
    """The answers of all voices to all incidents, from every record that is of no hard source."""
    n, k = incidents.num_rows, len(parties)
    soft = pc.invert(pc.is_in(observations["source_id"], value_set=pa.array(sorted(hard), type=pa.string())))
    table = observations.filter(soft)
    ids = incidents["observation_ids"]
    incident = np.asarray(pc.list_parent_indices(ids).to_numpy(), dtype=np.int64)
    index = pc.index_in(pc.list_flatten(ids), value_set=table["observation_id"].combine_chunks())
    row = np.asarray(pc.fill_null(index, -1).to_numpy(), dtype=np.int64)
    incident, row = incident[row >= 0], row[row >= 0]
    origin, first = _first_tellings(table)
    # each origin votes once on an incident, with the words of its first telling
    number, n_votes = number_rows([incident, origin[row]])
    vote = np.empty(n_votes, dtype=np.int64)
    vote[number] = np.arange(len(number))
    lead = first[origin[row[vote]]]
    speaker = recode(table["speaker_party_id"], list(parties))[lead]
    voice = np.where(speaker < 0, k, speaker)
    accused = recode(table["accused_party_id"], list(parties))[lead]
    at = incident[vote] * (k + 1) + voice
    told = np.bincount(at, minlength=n * (k + 1))
    named = np.zeros((n * (k + 1), k), dtype=np.int64)
    np.add.at(named, (at[accused >= 0], accused[accused >= 0]), 1)
    one = (named > 0).sum(axis=1) == 1
    which = named.argmax(axis=1)
    several = named[np.arange(len(named)), which] > 1
    answer = np.where(one, ACCUSES + which + k * several, np.where(told > 0, TOLD, SILENT))
    return Claims(answer=answer.reshape(n, k + 1), n_parties=k)


def _first_tellings(table: Table) -> tuple[IntArray, IntArray]:
    """(n_rows,) number of each row's origin, and (n_origins,) row of its first telling."""
    n = table.num_rows
    origin, n_origins = number_rows([origins_of(table, np.arange(n))])
    said = pc.coalesce(table["logged_at"], table["received_at"], table["occurred_from"])
    keys = pa.table(
        {
            "origin": origin,
            "said": np.where(known(said), micros(said), 0),
            "began": micros(table["occurred_from"]),
            "observation_id": table["observation_id"],
        }
    )
    order = order_rows(keys, keys.column_names, numbers=3)
    first = np.empty(n_origins, dtype=np.int64)
    first[origin[order[::-1]]] = order[::-1]
    return origin, first


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How often each voice gives each answer.

    given : (n_voices, n_parties + 1, n_answers) where each party fired, or neither did.
    staged : (3, 4) where a party staged it: its own voice, another party's, that of no party; by silence,
    a telling that accuses nobody, one that accuses another than who staged it, once or severally. What is
    seldom is pooled over the parties: any of them may stage.
    """

    given: FloatArray
    staged: FloatArray
    staged_p: float


def _as_staged(claims: Claims, by: int) -> tuple[IntArray, IntArray]:
    """(n_voices,) relation of each voice to the party ``by``; (n_answers,) its answers as ``staged`` has them."""
    k = claims.n_parties
    relation = np.ones(k + 1, dtype=np.int64)
    relation[by], relation[k] = 0, 2
    answer = np.array(
        [0, 1] + [1 if j == by else 2 for j in range(k)] + [1 if j == by else 3 for j in range(k)]
    )
    return relation, answer


def learn_behaviour(
    claims: Claims, hard_loglik: FloatArray, model: FireModel, *, existence_p: FloatArray
) -> Behaviour:
    """Behaviour of all voices, and the share of what is staged, from incidents with hard traces.

    claims, hard_loglik : of those incidents, in a canonical order.
    """
    if len(claims.answer) > MOST:
        some = np.linspace(0, len(claims.answer) - 1, MOST).astype(np.int64)
        claims = replace(claims, answer=claims.answer[some])
        hard_loglik, existence_p = hard_loglik[some], existence_p[some]
    n, n_voices = claims.answer.shape
    k, c = claims.n_parties, claims.n_answers
    counts = [np.bincount(claims.answer[:, v], weights=existence_p, minlength=c) for v in range(n_voices)]
    base = (np.stack(counts) + 1.0 / c) / (existence_p.sum() + 1.0)
    found = Behaviour(
        given=np.repeat(base[:, None, :], k + 1, axis=1),
        staged=_pooled(claims, base),
        staged_p=model.staged_p,
    )
    usual = found.staged
    for _ in range(_TURNS if n else 0):
        now = replace(model, staged_p=found.staged_p)
        p = posteriors(hard_loglik + claims_loglik(claims, found, cap=np.inf), log_prior(k, now))
        p *= existence_p[:, None]
        given = np.empty_like(found.given)
        for v in range(n_voices):
            for m in range(k + 1):
                weight = p[:, m] if m < k else p[:, -1]
                count = np.bincount(claims.answer[:, v], weights=weight, minlength=c)
                given[v, m] = (count + SHRINK * base[v]) / (count.sum() + SHRINK)
        staged_n = any_order_sum(p[:, k:-1]).sum()
        staged_p = (model.staged_p * model.weight + staged_n) / (model.weight + existence_p.sum())
        found = Behaviour(
            given=given, staged=_staged_answers(claims, p[:, k:-1], usual), staged_p=float(staged_p)
        )
    return found


def _pooled(claims: Claims, base: FloatArray) -> FloatArray:
    """(3, 4) answers of a voice of each relation before anything is known: as voices answer on the whole."""
    table = np.zeros((3, 4, claims.n_parties * (claims.n_parties + 1)))
    place = 0
    for by in range(claims.n_parties):
        relation, answer = _as_staged(claims, by)
        for v in range(claims.n_parties + 1):
            table[relation[v], :, place] = np.bincount(answer, weights=base[v], minlength=4)
            place += 1
    total = any_order_sum(table)
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def _staged_answers(claims: Claims, p: FloatArray, usual: FloatArray) -> FloatArray:
    """(3, 4) from the probabilities (n, n_parties) that each party staged it."""
    table = np.zeros((3, 4, claims.n_parties * (claims.n_parties + 1)))
    place = 0
    for by in range(claims.n_parties):
        relation, answer = _as_staged(claims, by)
        for v in range(claims.n_parties + 1):
            table[relation[v], :, place] = np.bincount(
                answer[claims.answer[:, v]], weights=p[:, by], minlength=4
            )
            place += 1
    count = any_order_sum(table) + SHRINK_STAGED * usual
    return np.asarray(count / count.sum(axis=1, keepdims=True))


def claims_loglik(claims: Claims, behaviour: Behaviour, *, cap: float = CAP) -> FloatArray:
    """(n, 2 n_parties + 1) log-likelihood of all answers, each voice's ratio capped."""
    k, each = claims.n_parties, []
    staged = [_as_staged(claims, by) for by in range(k)]
    for v in range(k + 1):
        rows = [behaviour.given[v, :k]]
        rows.append(np.stack([_spread(behaviour.staged[relation[v]], answer) for relation, answer in staged]))
        rows.append(behaviour.given[v, k:])
        log = np.log(np.concatenate(rows))  # (2 n_parties + 1, n_answers)
        log = np.maximum(log - log.max(axis=0), -np.log(cap))
        each.append(log[:, claims.answer[:, v]].T)
    return any_order_sum(np.stack(each, axis=-1))


def _spread(share: FloatArray, answer: IntArray) -> FloatArray:
    """(n_answers,) of shares of kinds of answers; answers of one kind are alike likely."""
    return np.asarray((share / np.bincount(answer, minlength=4))[answer])
