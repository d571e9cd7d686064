"""What a case may say of fire across the line, in place of what attribution assumes; of all parties alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field, model_validator

from truceline.attribution.attribute import ACTS_ACROSS
from truceline.attribution.model import FireModel
from truceline.base.documents import Model

Share = Annotated[float, Field(ge=0, lt=0.5)]

_STANDARD = FireModel()
#: fields of the model that stand under their own names
_SHARES = ("short_p", "staged_p", "misplaced_p", "stray_p", "other_p", "direction_sd_deg")


class FireSettings(Model):
    """Assumptions about fire across the line. The case's own incidents move them; none is of one party."""

    acts_across: list[str] = Field(
        default_factory=lambda: sorted(ACTS_ACROSS),
        description="acts that land across the line: only of these the side of an impact says who fired",
    )
    mean_depth_m: dict[str, Annotated[float, Field(ge=10, le=1_000_000)]] = Field(
        default_factory=dict,
        description=f"act → how far beyond the line its fire lands on average, metres; of acts not named {2 * _STANDARD.depth_else_m:,.0f}, "
        + ", ".join(f"{act} {2 * scale:,.0f}" for act, scale in _STANDARD.depth_m.items()),
    )
    short_p: Share = Field(_STANDARD.short_p, description="share of fire that falls short, onto its own side")
    staged_p: Share = Field(
        _STANDARD.staged_p, gt=0, description="share of fire onto one's own ground to have the other blamed"
    )
    misplaced_p: Share = Field(_STANDARD.misplaced_p, description="share of places that are wrong altogether")
    stray_p: Share = Field(
        _STANDARD.stray_p,
        gt=0,
        description="share of directions that are not of the event they are told with",
    )
    other_p: Share = Field(
        _STANDARD.other_p, gt=0, description="share of what neither party did: accidents, others"
    )
    direction_sd_deg: float = Field(
        _STANDARD.direction_sd_deg, ge=1, le=90, description="standard deviation of directions of fire"
    )
    basis: str = Field("", description="who measured or declared what is set here, and where to read so")

    @model_validator(mode="after")
    def _has_a_basis(self) -> FireSettings:
        if self.model_fields_set - {"basis"} and not self.basis.strip():
            raise ValueError("what is set of fire needs a basis: who measured or declared it")
        return self

    @property
    def model(self) -> FireModel:
        """As attribution takes it."""
        depths = {**_STANDARD.depth_m, **{act: depth / 2 for act, depth in self.mean_depth_m.items()}}
        return replace(_STANDARD, depth_m=depths, **{name: getattr(self, name) for name in _SHARES})
