"""Detection probabilities, clutter and the intensity of events, learned from a partition of what hard
sensors detected.

Declared values are priors. (1) p of a source, and of each of its sensors: among tracks that others
make sure, with the source's own word left out, how many it detected (capture–recapture), one Newton
step at a time on a logit offset from what was declared. (2) φ of a source: declared clutter, times
a factor of its own and layers of cells that follow what is clutter (fields on fire are clutter by place);
counted most where others would have confirmed an event. (3) λ: layers of cells over tracks, by what could
have been detected there, and the share of each act likewise. Reports enter none of this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import expit

from truceline.base.columns import BoolArray, distinct
from truceline.base.threads import begin
from truceline.fusion.capture import Hard, anchors, hard_tracks, learn_p
from truceline.fusion.intensity import Cells, fit_layers, sort_cells
from truceline.fusion.marks import weigh_marks
from truceline.fusion.nodes import FloatArray, IntArray
from truceline.fusion.parameters import (
    LEAST_ACT_SHARE,
    Parameters,
    Scene,
    act_shares,
    base_clutter,
    clean_chance,
    live_acts,
    missed_at,
    missed_by_source,
    weigh,
)
from truceline.fusion.tracks import Tracks, gather, log_spread, log_sum, log_weight, single_tracks

#: rounds of learning, and the first of them in which clutter is learned: before it the intensity has
#: to find its places, for what it leaves would be taken for clutter
ROUNDS, CLUTTER_FROM = 5, 1
#: in which marks are, and in which it is asked anew where confirmed tracks lie
MARKS_FROM, NEAR_AGAIN = 2, 3
#: nowhere is λ counted over a smaller chance to be detected
LEAST_SEEN = 0.02
#: clutter weighs by this power of the probability that others had confirmed an event, and no less than
CHECK_POWER, LEAST_CHECK = 3.0, 0.01
#: tracks that are as likely as this and confirmed tell where fire is, if they are so many
SURE_P, LEAST_CONFIRMED = 0.8, 50
#: confirmations that are granted before any is expected
LEAST_BORNE_OUT = 3.0
#: nearer to them nothing differs
NEAR_M = 1_000.0
#: relative error that chances to be borne out have as a whole
CHANCE_ERROR = 0.15
#: events supposed before any is known (Jeffreys' prior of a Poisson rate): a lone record is neither proof nor nothing
BEFOREHAND = 0.5
#: spread of the log of true over declared clutter
SCALE_SD = 0.7
#: shares of that spread which sources may have in common
ALIKE = (0.0, 0.25, 0.5, 0.75, 1.0)
#: clutter is no less than this share of what was declared; the chance to confirm anything is at most so many times
#: that to confirm what a source sees; and a count below is none
LEAST_FACTOR, MOST_RATIO, NO_COUNT = 0.05, 3.0, 1e-9
#: counts that a declared clutter weighs
CLUTTER_TRUST = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """Who would have detected an event, under parameters.

    seen, check : (n,) probability at the nodes that anybody detects it, and that a source other than the
    node's own does. seen_q, check_q : the same at the quadrature, the latter by source.
    """

    seen: FloatArray
    check: FloatArray
    seen_q: FloatArray
    check_q: dict[int, FloatArray]


def chances_of(scene: Scene, parameters: Parameters) -> Chances:
    """All that a round asks of who would have detected what."""
    share = parameters.act_share

    def seen(missed: FloatArray) -> FloatArray:
        # no matrix product: its threads cost more than they bring, and sum in an order of their own
        return clean_chance(1 - (np.exp(missed) * share).sum(axis=1))

    missed = missed_at(scene, parameters)
    of_own, parts = missed_by_source(scene, parameters)
    whole = np.zeros((len(scene.quadrature), missed.shape[1]))
    for point, part in parts.values():
        whole[point] += part
    seen_q = seen(whole)
    check_q = {}
    for source, (point, part) in parts.items():
        check_q[source] = seen_q.copy()
        check_q[source][point] = seen(whole[point] - part)
    return Chances(seen=seen(missed), check=seen(missed - of_own), seen_q=seen_q, check_q=check_q)


def learn(
    scene: Scene,
    parameters: Parameters,
    label: IntArray,
    *,
    rounds: Iterable[int] = range(ROUNDS),
    taught: bool = False,
    workers: int = 1,
) -> Parameters:
    """Parameters under which the hard sensors' tracks, and their clutter, are as they are.

    rounds : numbers of the rounds to go; from ``CLUTTER_FROM`` on clutter is learned too, as a whole,
    and in the last of them by place and time. taught : p is known and stays as it is.
    workers : threads, which decide nothing.
    """
    hard = hard_tracks(scene, label)
    if not len(hard.groups):
        return parameters
    numbers = list(rounds)
    confirmed = confirmed_tracks(scene, hard)
    near: Cells | None = None
    for number in numbers:
        chances = chances_of(scene, parameters)
        singles = single_tracks(weigh(scene, parameters))
        tracks = gather(singles, hard.groups)
        existence = expit(log_weight(tracks))
        r = np.append(existence, 0.0)[hard.label]
        sharp, second = anchors(singles, hard)
        detection = None
        if not taught:
            step = partial(learn_p, scene, parameters, hard, singles, tracks, sharp=sharp, second=second)
            detection = begin(step, workers=workers)
        clutter = parameters.log_clutter
        if number >= CLUTTER_FROM:
            scale, _ = learn_scale(scene, parameters, hard, singles, chances, confirmed)
            clutter = _learn_clutter(scene, parameters, r, scale, chances, layers=number == numbers[-1])
        sure = np.flatnonzero(confirmed & (existence > SURE_P))
        mark = parameters.log_mark
        if number >= MARKS_FROM:
            mark = _learn_marks(scene, parameters, hard, log_weight(tracks), confirmed)
        if (
            number
            and len(sure) >= LEAST_CONFIRMED
            and (near is None or (number == NEAR_AGAIN and not taught))
        ):
            near = _near_layer(scene, sharp[sure], hard)
        intensity = _learn_intensity(scene, hard, existence, chances, confirmed, sharp, near)
        # before λ is known every record counts as it is
        share = (
            _learn_acts(scene, parameters, tracks, existence, sharp)
            if number
            else act_shares(scene.sightings.loglik[scene.feeds], r[scene.feeds], live_acts(scene))
        )
        offset, common = detection() if detection else (parameters.offset, parameters.common)
        parameters = replace(
            parameters,
            log_intensity=intensity,
            log_clutter=clutter,
            log_mark=mark,
            act_share=share,
            offset=offset,
            common=common,
            sure=float(existence.sum()),
        )
    return parameters


def _learn_marks(
    scene: Scene, parameters: Parameters, hard: Hard, log_w: FloatArray, confirmed: BoolArray
) -> FloatArray:
    rows = np.flatnonzero(scene.feeds)
    own = hard.label[rows]
    return weigh_marks(
        scene.nodes, scene.sightings.loglik, rows=rows, log_odds=log_w[own] - parameters.log_mark[rows],
        borne=confirmed[own],
    )  # fmt: skip


def _learn_intensity(
    scene: Scene,
    hard: Hard,
    existence: FloatArray,
    chances: Chances,
    confirmed: BoolArray,
    first: IntArray,
    near: Cells | None,
) -> FloatArray:
    """(n,) log λ at the nodes, their own tracks left out. first : (n_groups,) each track's sharpest node."""
    q, n = scene.quadrature, len(scene.nodes)
    # what was recorded where nobody is said to have watched tells nothing of what was watched
    known = np.where(chances.seen[first] > 0, existence, 0.0)
    own = np.append(known, 0.0)[hard.label]
    base = (known.sum() + BEFOREHAND) / max(float((chances.seen_q * q.weight).sum()), 1e-300)
    # how places and times differ is judged by what several sources confirm: a source's clutter has
    # its own places and times, and would make events of itself
    judges = np.zeros(n)
    judges[first] = existence * confirmed
    factor = fit_layers(
        scene.cells if near is None else (near, *scene.cells), first, known, np.arange(n),
        density=base * np.maximum(chances.seen, LEAST_SEEN), mass=base * q.weight * chances.seen_q,
        density_q=base * chances.seen_q, own=own, basis=scene.feeds, trust=1.0,
        judges=judges, judged_mass=q.weight * chances.seen_q**2,
    )  # fmt: skip
    return np.asarray(np.log(base * _borne_out(existence, chances.check[first], confirmed)) + factor)


def _borne_out(existence: FloatArray, check: FloatArray, confirmed: BoolArray) -> float:
    """What of the events believed is borne out by other sources, where far too few are; else 1.

    Of events that others confirm by chances ``check``, Σ existence · check should be confirmed. Where not
    even half are, what is believed is one source's clutter (fields on fire), which would teach λ to
    expect more of it. (n_groups,) each.
    """
    expected, found = float((existence * check).sum()), float((existence * confirmed).sum())
    share = (found + LEAST_BORNE_OUT) / (expected + LEAST_BORNE_OUT)
    return share if share < 0.5 else 1.0


def _near_layer(scene: Scene, confirmed: IntArray, hard: Hard) -> Cells:
    """A layer by the distance to the nearest confirmed track but one's own: where fire is far off there is little.

    confirmed : sharpest nodes of such tracks.
    """
    x_m, y_m = scene.shape[:2]
    q = scene.quadrature
    tree = cKDTree(np.column_stack([x_m[confirmed], y_m[confirmed]]))
    distance, which = _nearest(tree, x_m, y_m, k=2)
    own = hard.label[confirmed[which[:, 0]]] == hard.label
    away_m = np.where(own, distance[:, 1], distance[:, 0])
    away_q = _nearest(tree, q.x_m, q.y_m, k=1)[0]
    return sort_cells(NEAR_M / np.maximum(away_m, 1.0), NEAR_M / np.maximum(away_q, 1.0))


def _nearest(tree: cKDTree, x_m: FloatArray, y_m: FloatArray, *, k: int) -> tuple[FloatArray, IntArray]:
    """(n, k) or (n,) distances and numbers of the nearest, of each place."""
    distance, which = tree.query(np.column_stack([x_m, y_m]), k=k, workers=-1)
    return np.asarray(distance), np.asarray(which, dtype=np.int64)


def confirmed_tracks(scene: Scene, hard: Hard) -> BoolArray:
    """(n_groups,) whether several sources detected it; sensors, where one source is all there is."""
    nodes = scene.nodes
    one = len(np.unique(nodes.source.code[scene.feeds])) == 1
    code = scene.sightings.exclusive if one else nodes.source.code
    node = hard.groups.members
    width = int(code.max()) + 1
    pairs = distinct(hard.groups.of_member * width + code[node])
    return np.bincount(pairs // width, minlength=len(hard.groups)) > 1


def learn_scale(
    scene: Scene, parameters: Parameters, hard: Hard, singles: Tracks, chances: Chances, confirmed: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """(n_sources,) log of what each source's clutter is over what was declared, from where others watched.

    And its variance, infinite of a source that declared none.

    Others confirm an event by a chance that hangs on its act, and so true detections by another one, g, than
    whatever lies at the same place, c: with b whether they did, Σ c of the true ones is Σ b · Σ c / Σ g, each
    detection by the weight of its own record (a ratio estimator of Horvitz & Thompson 1952). The rest is
    clutter: Σ c less that, over ∫ c φ. What all sources have in common is learned beside it (``_pool``).
    """
    s, q, fed = scene.sightings, scene.quadrature, np.flatnonzero(scene.feeds)
    weight, g = _own_words(scene, parameters, singles, fed)
    c, borne = chances.check[fed], confirmed[hard.label[fed]].astype(np.float64)
    code, source_q = scene.nodes.source.code[fed], s.row_source[scene.q_row]
    raw, variance = np.zeros(s.n_sources), np.full(s.n_sources, np.inf)
    for source in np.unique(code).tolist():
        rows, mine = np.flatnonzero(code == source), np.flatnonzero(source_q == source)
        density = np.bincount(scene.q_point[mine], weights=scene.clutter[scene.q_row[mine]], minlength=len(q))
        expected = float((q.weight * chances.check_q[source] * density).sum()) if len(mine) else 0.0
        if expected <= 0:
            continue
        ratio = float((weight[rows] * c[rows]).sum()) / max(float((weight[rows] * g[rows]).sum()), NO_COUNT)
        true = borne[rows] * min(ratio, MOST_RATIO)
        false = max(float((c[rows] - true).sum()), LEAST_FACTOR * expected)
        error = float(((c[rows] - true) ** 2).sum()) + (CHANCE_ERROR * float(true.sum())) ** 2
        raw[source], variance[source] = np.log(false / expected), (error + BEFOREHAND) / false**2
    known = np.isfinite(variance)
    raw[known], variance[known] = _pool(raw[known], variance[known])
    return raw, variance


def _own_words(
    scene: Scene, parameters: Parameters, singles: Tracks, fed: IntArray
) -> tuple[FloatArray, FloatArray]:
    """(len(fed),) probability of each node by its own word alone, and chance that other sources detect what it tells of."""
    acts = singles.prior[fed] + singles.vote[fed]
    others = missed_at(scene, parameters)[fed] - missed_by_source(scene, parameters)[0][fed]
    alone = log_sum(acts - others)
    return expit(log_spread(singles.take(fed)) + alone), clean_chance(-np.expm1(log_sum(acts) - alone))


def _pool(raw: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means and variances of factors' logs, held to 0 and to what they have in common; (n,) each.

    Before anything is seen each is spread by ``SCALE_SD``; how much of that all sources share (who declares
    wrongly may do so throughout) is unknown, and averaged over by how likely it makes what was seen
    (hierarchical Bayes, Gelman et al. 2013, ch. 5).
    """
    fit, mean, square = (
        np.zeros(len(ALIKE)),
        np.zeros((len(ALIKE), len(raw))),
        np.zeros((len(ALIKE), len(raw))),
    )
    for k, alike in enumerate(ALIKE):
        common, own = alike * SCALE_SD**2, (1 - alike) * SCALE_SD**2
        spread = variance + own
        weight = float((1 / spread).sum())
        middle = common * float((raw / spread).sum()) / (1 + common * weight)
        doubt = common / (1 + common * weight)
        fit[k] = -0.5 * float((np.log(spread) + raw**2 / spread).sum()) - 0.5 * np.log1p(common * weight)
        fit[k] += 0.5 * middle * float((raw / spread).sum())
        mean[k] = middle + (raw - middle) * own / spread
        square[k] = own * variance / spread + (variance / spread) ** 2 * doubt + mean[k] ** 2
    share = np.exp(fit - fit.max())
    share = (share / share.sum())[:, None]
    found = (share * mean).sum(axis=0)
    return found, (share * square).sum(axis=0) - found**2


def _learn_acts(
    scene: Scene, parameters: Parameters, tracks: Tracks, existence: FloatArray, sharp: IntArray
) -> FloatArray:
    """(n_acts,) share of each act among events: of tracks, each over its chance to be seen where events are.

    Acts that are seen well are detected oftener, by more sources, than they happen. Where events are is told
    by the tracks themselves, each by the inverse of its chance to be seen. One of each live act beforehand.
    """
    seen = clean_chance(-np.expm1(missed_at(scene, parameters)[sharp]))
    share, live = parameters.act_share, live_acts(scene)
    anybody = (seen * share).sum(axis=1)
    known = np.where(anybody > 0, existence, 0.0)
    acts = tracks.prior + tracks.vote
    count = (known[:, None] * np.exp(acts - log_sum(acts)[:, None])).sum(axis=0)
    where = known / np.maximum(anybody, LEAST_SEEN)
    expected = (where[:, None] * seen).sum(axis=0)
    expected *= float(known.sum()) / max(float((where * anybody).sum()), NO_COUNT)
    found = np.where(live, (count + 1) / (expected + live.sum()), LEAST_ACT_SHARE)
    return np.asarray(found / found.sum())


def _learn_clutter(
    scene: Scene, parameters: Parameters, r: FloatArray, scale: FloatArray, chances: Chances, *, layers: bool
) -> FloatArray:
    """(n,) log φ of the feeding nodes as learned, of others as it was. r : (n,) existence.

    scale : (n_sources,) log of what clutter is over what was declared, as a whole. layers : whether it
    is followed by place and time too.
    """
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    whole, base = base_clutter(scene)
    found = parameters.log_clutter.copy()
    source_q = s.row_source[scene.q_row]
    check = np.maximum(chances.check, LEAST_CHECK) ** CHECK_POWER
    for source in np.unique(nodes.source.code[scene.feeds]).tolist():
        rows, mine = np.flatnonzero(nodes.source.code == source), np.flatnonzero(source_q == source)
        found[rows] = base[rows] + scale[source]
        if not layers or not len(mine):
            continue
        declared = np.bincount(
            scene.q_point[mine], weights=scene.clutter[scene.q_row[mine]], minlength=len(q)
        )
        much = float(np.exp(scale[source]))
        density_q = np.asarray(
            declared * np.maximum(chances.check_q[source], LEAST_CHECK) ** CHECK_POWER * much
        )
        false = (1 - r[rows]) * check[rows]
        found[rows] += fit_layers(
            scene.cells, rows, false, rows, density=check[rows] * np.exp(whole[rows]) * much,
            mass=q.weight * density_q, density_q=density_q, own=false,
            basis=np.ones(len(rows), dtype=np.bool_), trust=CLUTTER_TRUST,
        )  # fmt: skip
    return found
