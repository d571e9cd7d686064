"""What a simulated front is made of: a regime is a small file of what differs from the ordinary."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from truceline.base.documents import Document, Model
from truceline.base.errors import CaseError, Problem
from truceline.base.intervals import as_utc

SHELLING, ROCKETS, DRONE, ADVANCE = "shelling", "rocket_salvo", "small_drone", "advance"
#: acts of fire, by the code they have in arrays; an advance is no fire
FIRE = (SHELLING, ROCKETS, DRONE)
ACTS = (*FIRE, ADVANCE)
#: as the key of a probability: one for every act, whatever it was
ANY = "any"

_FOLDER = Path(str(files("truceline.simulate") / "regimes"))
#: overrides that stand for a field of a part
_SHORT = {"salvos_per_day": "fire"}


class Party(Model):
    """A party; the first holds the west of the front, the second the east."""

    id: str = Field(min_length=1)
    name: str


class Fire(Model):
    """Who fires how much: clusters on a Poisson process of immigrants."""

    salvos_per_day: float = Field(300, ge=0, description="both parties, whole front, mean over the period")
    kinds: dict[str, float] = Field(
        default_factory=lambda: {SHELLING: 0.6, ROCKETS: 0.1, DRONE: 0.3}, description="shares of acts"
    )
    answer_mean: float = Field(0.25, ge=0, lt=0.5, description="answers of the other party per act")
    answer_delay_h: float = Field(2.0, gt=0, description="mean delay of an answer")
    follow_up_mean: float = Field(0.2, ge=0, lt=0.5, description="follow-ups by the same party per act")
    follow_up_delay_h: float = Field(0.5, gt=0, description="mean delay of a follow-up")
    offspring_sd_km: float = Field(1.2, gt=0, description="how far along the front offspring lies")
    hot_spot_km: float = Field(40, gt=0, description="mean distance between hot spots along the front")
    hot_spot_share: float = Field(0.7, ge=0, le=1, description="share of immigrants at hot spots")
    hot_spot_sd_km: float = Field(3.5, gt=0, description="extent of a hot spot along the front")
    hot_spot_days: float = Field(6, gt=0, description="how long hot spots keep their weights")
    hot_spot_shape: float = Field(0.8, gt=0, description="shape of the gamma of their weights; small: few")
    day_shape: float = Field(8, gt=0, description="shape of a sector's random daily level; small: bursty")
    night_share: float = Field(0.35, ge=0, le=1, description="share of immigrants between 18 and 6 UTC")
    weekend_factor: float = Field(0.9, gt=0, description="fire on Saturdays and Sundays against other days")
    barrage_share: float = Field(0, ge=0, lt=1, description="share of immigrants that come in barrages")
    barrage_size: float = Field(40, ge=1, description="mean salvos of a barrage, within an hour")
    short_share: float = Field(0.03, ge=0, le=1, description="salvos that land on one's own side")
    neither_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="explosions of neither party's making, per salvo: mines, accidents, others",
    )
    evades: float = Field(
        0, ge=0, le=1, description="share of the second party's fire in the truce that seeks blind spots"
    )
    advances_per_day: float = Field(0.8, ge=0, description="pushes of the line, per 1,000 km, both parties")


class Truce(Model):
    """How the order to cease is obeyed; drawn by party and sector."""

    from_share: float = Field(2 / 3, ge=0, le=1, description="share of the days after which it begins")
    remaining: float = Field(0.4, ge=0, le=1, description="mean share of fire that goes on")
    remaining_trials: float = Field(6, gt=0, description="a Beta's a + b: how unlike sectors are")
    delay_mean_h: float = Field(5, ge=0, description="mean hours until the order arrives in a sector")
    arrives: float = Field(1, ge=0, le=1, description="chance that the order arrives in a sector at all")


class Sensing(Model):
    """One kind of sensor: where, when, how well, and with how many false detections."""

    form: Literal["station", "pass", "look"] = "station"
    per_1000_km: float = Field(ge=0, description="stations; or looks a day; for passes: passes a day in all")
    at_hot_spots: float = Field(0.5, ge=0, le=1, description="share that stands near hot spots")
    depth_km: float = Field(2, ge=0, description="how far from the line it stands or looks, at most")
    radius_km: float = Field(gt=0, description="of the circle watched; of passes unused")
    p: dict[str, float] = Field(description="mean declared detection probability by act, or `any`")
    night_factor: float = Field(1, ge=0, le=1, description="declared p from 18 to 6 UTC against the day's")
    trials: float = Field(40, gt=0, description="a + b of the declared Beta: what it rests on")
    each_declared: bool = Field(False, description="one declaration for each sensor, not for the source")
    clutter_per_day: dict[str, float] = Field(
        default_factory=dict, description="false detections a day in the area of one row, by act"
    )
    clutter_shape: float = Field(0, ge=0, description="gamma shape of daily clutter; 0: Poisson")
    clutter_cluster: float = Field(1, ge=1, description="mean false detections that come together")
    clutter_declared: float = Field(1, ge=0, description="declared clutter over the regime's mean clutter")
    away_share: float = Field(0, ge=0, lt=1, description="share of time (or looks) without sight")
    away_h: float = Field(6, gt=0, description="mean length of a spell without sight")
    away_reason: Literal["outage", "cloud", "jamming", "movement_restriction"] = "outage"
    away_from_truce: float | None = Field(None, ge=0, lt=1, description="away_share once the truce runs")
    hours: tuple[float, float] = Field((0, 24), description="UTC hours between which looks begin")
    look_h: float = Field(1, gt=0, description="duration of a look")
    lookback_h: float = Field(0, ge=0, description="how long before its beginning a look witnesses")
    time_sd_s: float = Field(3, ge=0, description="error of its clock of an event")
    span_s: float = Field(20, gt=0, description="width of the interval told; of looks with lookback: mean")
    position_sd_m: float = Field(400, gt=0, description="error of place, each direction")
    position_sd_per_km_m: float = Field(0, ge=0, description="the same, added per km of distance")
    bearing_share: float = Field(0, ge=0, le=1, description="share told as bearing and range bands alone")
    bearing_sd_deg: float = Field(3, gt=0)
    direction_share: float = Field(0, ge=0, le=1, description="share that tells the direction of fire")
    direction_sd_deg: float = Field(10, gt=0)
    act_unknown_share: float = Field(0, ge=0, le=1, description="share that does not tell the act")
    strength_unit: Literal["none", "megawatt", "decibel", "magnitude"] = "none"
    counts: bool = Field(False, description="whether it counts rounds")
    mechanism: bool = Field(False, description="whether it is the monitoring mechanism's own")
    # what breaks the usual assumptions
    shadow_share: float = Field(0, ge=0, lt=1, description="share of bearings in which it is deaf, unsaid")
    drift_sd: float = Field(0, ge=0, description="daily random walk of logit p, unsaid")
    patchy: bool = Field(False, description="cloud in patches: neighbours are missed together, unsaid")

    @model_validator(mode="after")
    def _fits_its_form(self) -> Sensing:
        if not self.p or not all(0 < p < 1 for p in self.p.values()):
            raise ValueError("p must name an act at least, each between 0 and 1")
        if ANY in self.p and len(self.p) > 1:
            raise ValueError("p is either of `any` act or by act")
        for name, given, forms in (
            ("away_from_truce", self.away_from_truce is not None, ("pass", "look")),
            ("patchy", self.patchy, ("pass",)),
            ("shadow_share", self.shadow_share > 0, ("station",)),
            ("drift_sd", self.drift_sd > 0, ("station", "pass")),
            ("each_declared", self.each_declared, ("station",)),
            ("bearing_share", self.bearing_share > 0, ("station", "look")),
        ):
            if given and self.form not in forms:
                raise ValueError(f"{name} is of the forms {', '.join(forms)}, not of a {self.form}")
        return self


class Speaking(Model):
    """How a group of outlets reports."""

    p_struck: float = Field(0.165, ge=0, le=1, description="chance of reporting what struck its own side")
    p_fired: float = Field(0.02, ge=0, le=1, description="chance of reporting what its own side fired")
    p_neutral: float = Field(0.0, ge=0, le=1, description="of a neutral source, of any act")
    rumour_share: float = Field(0.2, ge=0, description="reports of nothing, per report of something")
    blames: float = Field(0.9, ge=0, le=1, description="share that says who it was")
    wrong_blame: float = Field(0.05, ge=0, le=1, description="share of these that names the wrong party")
    misplaced: float = Field(0.08, ge=0, le=0.5, description="share put at another place; heavy tail")
    region_only: float = Field(0.12, ge=0, le=1, description="share that names a district alone")
    date_only: float = Field(0.25, ge=0, le=1, description="share dated to a day alone")
    act_unknown: float = Field(0.1, ge=0, le=1)
    act_wrong: float = Field(0.05, ge=0, le=1)
    position_sd_m: float = Field(2_000, gt=0)
    copies: float = Field(1.7, ge=0, description="mean copies of a report, by anybody")
    factor_from_truce: float = Field(1, ge=0, description="chance of reporting once the truce runs, times")


class Fakes(Model):
    """Events that never were, or that were not as told."""

    complaints_per_salvo: float = Field(0, ge=0, description="invented complaints of the second party")
    staged_per_day: float = Field(0, ge=0, description="staged events, per 1,000 km")
    staged_real_share: float = Field(0.3, ge=0, le=1, description="of these, real fire on one's own ground")
    accounts: float = Field(4, ge=1, description="mean accounts of a staged event, differently worded")
    mimicry_share: float = Field(0, ge=0, description="fakes timed to a detection, per hard detection")


def _ordinary_sensors() -> dict[str, Sensing]:
    return {
        "acoustic": Sensing(per_1000_km=15, radius_km=12, p={SHELLING: 0.6, ROCKETS: 0.75, DRONE: 0.2}, each_declared=True, clutter_per_day={SHELLING: 1.2, ROCKETS: 0.1, DRONE: 0.4}, away_share=0.15, span_s=20, position_sd_m=250, position_sd_per_km_m=40, bearing_share=0.25, direction_share=0.35, strength_unit="decibel", counts=True, act_unknown_share=0.05),
        "seismic": Sensing(per_1000_km=8, at_hot_spots=0, depth_km=30, radius_km=80, p={SHELLING: 0.03, ROCKETS: 0.25}, clutter_per_day={SHELLING: 0.8, ROCKETS: 0.3}, away_share=0.05, away_h=12, time_sd_s=8, span_s=60, position_sd_m=2_500, act_unknown_share=0.3, strength_unit="magnitude"),
        "satellite": Sensing(form="pass", per_1000_km=6, radius_km=60, p={SHELLING: 0.12, ROCKETS: 0.3}, clutter_per_day={SHELLING: 22, ROCKETS: 2}, away_share=0.45, away_reason="cloud", lookback_h=3, span_s=60, position_sd_m=400, act_unknown_share=0.5, strength_unit="megawatt"),
        "camera": Sensing(per_1000_km=10, at_hot_spots=0.7, depth_km=3, radius_km=5, p={ANY: 0.7}, night_factor=0.5, clutter_per_day={ANY: 0.08}, away_share=0.08, away_h=10, time_sd_s=1.5, span_s=10, position_sd_m=120, direction_share=0.5, direction_sd_deg=6, act_unknown_share=0.08, mechanism=True),
        "patrol": Sensing(form="look", per_1000_km=9, at_hot_spots=0.7, depth_km=5, radius_km=4, p={SHELLING: 0.8, ROCKETS: 0.85, DRONE: 0.6}, clutter_per_day={SHELLING: 0.04, DRONE: 0.02}, away_share=0.12, away_reason="movement_restriction", hours=(6, 15), look_h=1.5, lookback_h=24, span_s=14_400, position_sd_m=50, direction_share=0.7, direction_sd_deg=8, counts=True, mechanism=True),
        "uav": Sensing(form="look", per_1000_km=8, at_hot_spots=0.6, depth_km=6, radius_km=8, p={ANY: 0.65}, night_factor=0.6, clutter_per_day={ANY: 0.3}, away_share=0.2, away_reason="jamming", look_h=4, lookback_h=1, span_s=600, position_sd_m=80, direction_share=0.3, act_unknown_share=0.1, mechanism=True),
        "observer": Sensing(per_1000_km=9, at_hot_spots=0.4, depth_km=4, radius_km=10, p={ANY: 0.5}, night_factor=0.6, clutter_per_day={ANY: 0.5}, away_share=0.1, away_reason="movement_restriction", away_h=24, time_sd_s=45, span_s=300, bearing_share=1, bearing_sd_deg=6, act_unknown_share=0.35, direction_share=0.1, direction_sd_deg=25, counts=True, mechanism=True),
    }  # fmt: skip


class Regime(Model):
    """A front, its fire, its truce, its sensors and its speakers."""

    regime: Literal[1] = Field(1, description="version of this format")
    name: str
    about: str = ""
    breaks: list[str] = Field(default_factory=list, description="usual assumptions that it breaks on purpose")
    parties: tuple[Party, Party] = (
        Party(id="heron", name="Heron League"),
        Party(id="plover", name="Plover League"),
    )
    days: int = Field(30, ge=1, le=60_000)
    length_km: float = Field(2_000, ge=50, le=6_000)
    start: AwareDatetime = datetime.fromisoformat("2031-03-01T00:00:00+00:00")
    longitude_deg: float = Field(-38, description="of the middle of the front; open ocean in truth")
    latitude_deg: float = Field(30, description="of the middle of the front; open ocean in truth")
    half_width_km: float = Field(60, gt=10, description="how far the zone reaches to either side")
    sector_km: float = Field(250, gt=0, description="length of a sector: order and cloud are by sector")
    district_km: float = Field(50, gt=0, description="length of a district, that vague reports name")
    fire: Fire = Fire()
    truce: Truce = Truce()
    p_factor: float = Field(1, ge=0, description="true detection probability over the declared, unsaid")
    clutter_factor: float = Field(1, ge=0, description="true clutter over the declared, unsaid")
    sensors: dict[str, Sensing] = Field(default_factory=_ordinary_sensors)
    reports: dict[str, Speaking] = Field(
        default_factory=lambda: {"west": Speaking(), "east": Speaking(), "neutral": Speaking(p_struck=0, p_fired=0, p_neutral=0.035, blames=0.5, rumour_share=0.1, misplaced=0.05)},
        description="west, east and neutral outlets",
    )  # fmt: skip
    fakes: Fakes = Fakes()
    inflation: float = Field(1.15, gt=0, description="a staff's count over the truth")
    hotline_share: float = Field(0.4, ge=0, description="calls to the hotline per salvo")
    map_days: int = Field(1, ge=1, description="days between maps of control")
    map_sd_km: float = Field(0.6, ge=0, description="error of both maps' line, over some 20 km")
    stale_shift_km: float = Field(1.5, ge=0, description="sd of the second map's shift of the line")

    @model_validator(mode="after")
    def _whole(self) -> Regime:
        if self.parties[0].id == self.parties[1].id:
            raise ValueError("the two parties must have different ids")
        if set(self.fire.kinds) != set(FIRE) or sum(self.fire.kinds.values()) <= 0:
            raise ValueError(f"fire.kinds must name {', '.join(FIRE)}")
        if set(self.reports) != {"west", "east", "neutral"}:
            raise ValueError("reports must name west, east and neutral")
        for name, sensing in self.sensors.items():
            unknown = (set(sensing.p) | set(sensing.clutter_per_day)) - {*FIRE, ANY}
            if unknown or not set(sensing.clutter_per_day) <= set(sensing.p):
                raise ValueError(f"sensors.{name}: clutter and p must name the same acts: {', '.join(FIRE)}")
        return self

    @property
    def start_utc(self) -> datetime:
        """First moment; seconds of the simulator count from here."""
        return as_utc(self.start)

    @property
    def stop_utc(self) -> datetime:
        """Last moment (half-open)."""
        return self.start_utc + timedelta(days=self.days)

    @property
    def truce_day(self) -> int:
        """Days before the truce begins."""
        return int(self.days * self.truce.from_share)

    @property
    def truce_start(self) -> datetime:
        """When the truce begins."""
        return self.start_utc + timedelta(days=self.truce_day)


def regime_names() -> list[str]:
    """Regimes that come with the simulator."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def read_regime(name: str | Path, **changes: Any) -> Regime:
    """A regime by name, by file, or a mixture of names: ``cloud+surge`` (later ones win).

    ``changes`` replace fields of the regime (``days=10``); ``salvos_per_day`` is that of ``fire``.

    Raises
    ------
    CaseError
        If there is no such regime or it is wrong; with every fault.
    """
    merged: dict[str, Any] = {}
    breaks: list[str] = []
    names: list[str] = []
    document: Document | None = None
    for part in [name] if isinstance(name, Path) or "/" in str(name) else str(name).split("+"):
        document = _open(part)
        plain: dict[str, Any] = document.plain or {}
        breaks += [each for each in plain.get("breaks", []) if each not in breaks]
        names.append(str(plain.get("name", part)))
        merged = _merge(merged, plain)
    about = merged.get("about", "") if len(names) == 1 else f"A mixture of {' and '.join(names)}."
    merged |= {"breaks": breaks, "name": "+".join(names), "about": about}
    for key, value in changes.items():
        merged = _merge(merged, {_SHORT[key]: {key: value}} if key in _SHORT else {key: value})
    return _checked(merged, document)


def _checked(merged: dict[str, Any], document: Document | None) -> Regime:
    sensors = {name: one.model_dump() for name, one in _ordinary_sensors().items()}
    speakers = {name: one.model_dump() for name, one in Regime(name="plain").reports.items()}
    whole = {
        **merged,
        "sensors": _merge(sensors, merged.get("sensors", {})),
        "reports": _merge(speakers, merged.get("reports", {})),
    }
    if document is None:
        return Regime.model_validate(whole)
    document.plain = whole
    return document.parse(Regime)


def _open(part: str | Path) -> Document:
    path = Path(part)
    if path.suffix in (".yaml", ".yml"):
        return Document(path, label=path.name)
    if str(part) not in regime_names():
        raise CaseError(
            Problem(code="name_unknown", message="no such regime", file="--regime", got=str(part), expected=" | ".join(regime_names()), next_step="Join several with +, or give a file")
        )  # fmt: skip
    return Document(_FOLDER / f"{part}.yaml", label=f"regime:{part}.yaml")


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` on ``under``; mappings within are merged, but p and clutter are replaced whole."""
    merged = dict(under)
    for key, value in over.items():
        old = merged.get(key)
        whole = key in ("p", "clutter_per_day", "kinds")
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) and not whole else value  # fmt: skip
    return merged
