"""What an invented truce is made of; every number is an option with its unit."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, model_validator

from truceline.base.documents import Document, Model
from truceline.base.intervals import as_utc

#: the two sides of the invented front; which party stands where is the scenario's own choice
Side = Literal["west", "east"]
SIDES: tuple[Side, Side] = ("west", "east")

SECTORS = ("north", "centre", "south")
SHELLING, DRONE, ADVANCE = "shelling", "small_drone", "advance"


class Contestant(Model):
    """A party and the side it holds."""

    id: str = Field(description="short id, used everywhere in the case")
    name: str = Field(description="name for people")
    side: Side
    names: dict[str, str] = Field(default_factory=dict, description="the name in other languages, by code")


class Obedience(Model):
    """How the order to cease is obeyed by one party in one sector."""

    side: Side
    sector: str = Field(description="north | centre | south")
    delay_h: float = Field(ge=0, description="hours after the truce's start until the order arrives")
    remaining: float = Field(ge=0, le=1, description="share of its rate that goes on after that")


def _orders() -> list[Obedience]:
    """The west complies nearly entirely; the east's southern sector goes on at a third."""
    share = {"west": (0.03, 0.03, 0.04), "east": (0.05, 0.08, 1 / 3)}
    delay_h = {"west": (0.5, 1.0, 2.0), "east": (1.0, 5.0, 9.0)}
    return [
        Obedience(side=side, sector=sector, delay_h=delay_h[side][i], remaining=share[side][i])
        for side in SIDES
        for i, sector in enumerate(SECTORS)
    ]


class Scenario(Model):
    """An invented war and truce on an invented coast."""

    scenario: Literal[1] = Field(1, description="version of this format")
    id: str = "demo"
    title: str = "An invented truce on an invented coast"
    seed: int = Field(20_310_401, description="of the case that `truceline demo` writes")
    parties: list[Contestant] = Field(
        default_factory=lambda: [
            Contestant(
                id="heron",
                name="Heron League",
                side="west",
                names={"uk": "Ліга Чаплі", "ru": "Лига Цапли"},
            ),
            Contestant(
                id="plover",
                name="Plover League",
                side="east",
                names={"uk": "Ліга Сивки", "ru": "Лига Ржанки"},
            ),
        ],
        min_length=2,
        max_length=2,
    )
    longitude_deg: float = Field(-38.0, description="of the middle of the front; open ocean in truth")
    latitude_deg: float = Field(42.0, description="of the middle of the front; open ocean in truth")
    front_length_km: float = Field(200, ge=60, le=600)
    truce_start: AwareDatetime = datetime.fromisoformat("2031-04-01T00:00:00+00:00")
    baseline_days: int = Field(28, ge=7, description="days of war before the truce")
    truce_days: int = Field(10, ge=1)
    shelling_per_day: float = Field(
        7, gt=0, description="per party and sector, before answers and follow-ups"
    )
    small_drone_per_day: float = Field(4, gt=0, description="per party and sector, before answers")
    advance_per_day: float = Field(0.8, ge=0, description="per party over the whole front")
    answer_mean: float = Field(0.25, ge=0, lt=0.5, description="answers of the other party per act of fire")
    follow_up_mean: float = Field(
        0.2, ge=0, lt=0.5, description="follow-ups of the same party per act of fire"
    )
    day_dispersion: float = Field(
        8, gt=0, description="shape of a sector's random daily level; small: bursty"
    )
    obedience: list[Obedience] = Field(default_factory=_orders)
    station_spacing_km: float = Field(14, gt=2, description="between acoustic stations along the front")
    station_clutter_per_day: float = Field(0.25, ge=0, description="sounds per station that are not fire")
    patrols_per_day: int = Field(6, ge=0)
    report_p: float = Field(0.55, gt=0, le=1, description="chance that the side struck reports an act")
    copy_mean: float = Field(0.5, ge=0, description="copies per report, by other outlets")
    misplaced_share: float = Field(
        0.08, ge=0, le=1, description="reports put at the wrong place of a similar name"
    )

    @model_validator(mode="after")
    def _whole(self) -> Scenario:
        if {party.side for party in self.parties} != set(SIDES):
            raise ValueError("one party must hold the west, the other the east")
        if self.parties[0].id == self.parties[1].id:
            raise ValueError("the two parties must have different ids")
        wanted = {(side, sector) for side in SIDES for sector in SECTORS}
        got = [(order.side, order.sector) for order in self.obedience]
        if set(got) != wanted or len(got) != len(wanted):
            raise ValueError("obedience must name each side and sector once: north | centre | south")
        return self

    def party(self, side: str) -> Contestant:
        """Who holds that side."""
        return next(party for party in self.parties if party.side == side)

    @property
    def start(self) -> datetime:
        """Start of the baseline, UTC; the simulator's hours count from here."""
        return as_utc(self.truce_start) - timedelta(days=self.baseline_days)

    @property
    def stop(self) -> datetime:
        """End of the truce, UTC."""
        return as_utc(self.truce_start) + timedelta(days=self.truce_days)

    @property
    def truce_start_h(self) -> float:
        """Start of the truce in the simulator's hours."""
        return 24.0 * self.baseline_days

    @property
    def stop_h(self) -> float:
        """End of the truce in the simulator's hours."""
        return 24.0 * (self.baseline_days + self.truce_days)


def read_scenario(path: Path) -> Scenario:
    """Read and check ``scenario.yaml``.

    Raises
    ------
    CaseError
        With every fault: file, line, what to do.
    """
    return Document(path, label=f"case:{path.name}").parse(Scenario)
