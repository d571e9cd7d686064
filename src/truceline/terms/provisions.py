"""Provisions beside the obligations: texts, time, command, monitoring, disputes, enforcement, settlement.

Each names the clauses that give it. One that is absent is a question which the review asks.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from truceline.base.documents import Model, Moment

Ids = list[str]


class Provision(Model):
    """Something that clauses settle."""

    clauses: Ids = Field(min_length=1, description="ids of the clauses that give it")
    note: str | None = Field(None, description="remark for readers")


class Said(Provision):
    """A matter settled in words alone."""

    says: str = Field(description="what is settled, in one sentence")


class ByWhom(Provision):
    """A matter put into somebody's hands."""

    by: Ids = Field(min_length=1, description="ids of parties or third parties")
    says: str = Field("", description="what they do")


class Timely(ByWhom):
    """A matter put into somebody's hands, with a deadline."""

    within_hours: float = Field(gt=0, description="at most this long; hours")


# -- texts --------------------------------------------------------------------------------------
class Languages(Provision):
    """Language versions."""

    versions: Ids = Field(min_length=1, description="language codes, such as en")
    authentic: Ids = Field(min_length=1, description="those that bind where versions differ")


class Texts(Model):
    """The instrument as a text."""

    signature: ByWhom | None = Field(None, description="who accepts it, in which capacity")
    languages: Languages | None = Field(None, description="which language versions there are, and which bind")
    whole: Said | None = Field(
        None, description="whether annexes, maps and letters belong to it; none is secret"
    )
    interpretation: ByWhom | None = Field(None, description="who says what a word means in doubt")
    amendment: ByWhom | None = Field(None, description="how it is changed")
    publication: Timely | None = Field(None, description="who publishes the text, by when")


# -- time ---------------------------------------------------------------------------------------
class Start(Provision):
    """The hour."""

    at: Moment | None = Field(None, description="date, time and offset; null: only by the rule in `says`")
    says: str = Field("", description="the rule, such as 48 hours after both acceptances are received")
    after_entry_hours: float | None = Field(
        None, gt=0, description="hours after the conditions of entry are met"
    )


class Duration(Provision):
    """How long it holds."""

    days: float | None = Field(None, gt=0, description="days; null: without a set end")


class EntryCondition(Model):
    """What must have happened before it holds."""

    kind: Literal[
        "acceptance", "concurrent_implementation", "signature", "orders", "monitors", "maps", "other"
    ]
    by: Ids = Field(min_length=1, description="who must do it")
    needs: list[int] = Field(
        default_factory=list, description="places, from 0, of conditions that must be met before this one"
    )
    says: str = Field("", description="in words")


class Entry(Provision):
    """Entry into force."""

    conditions: list[EntryCondition] = Field(min_length=1, description="all of these")


class StaggeredStart(Model):
    """A part that begins later."""

    obligations: Ids = Field(min_length=1, description="ids of the obligations that begin then")
    after_hours: float = Field(gt=0, description="hours after the start")


class Staggered(Provision):
    """What begins at once and what later."""

    parts: list[StaggeredStart] = Field(default_factory=list, description="empty: everything begins at once")


class Extension(Provision):
    """How it is prolonged."""

    rule: Literal["mutual_agreement", "automatic", "decision"] = Field(description="how")
    by: Ids = Field(default_factory=list, description="who decides; empty: the parties")
    days: float | None = Field(None, gt=0, description="for how long each time; null: as agreed")
    decide_before_hours: float | None = Field(
        None, gt=0, description="hours before its end by which to decide"
    )


class Leaving(Provision):
    """Suspension or termination."""

    by: Ids = Field(min_length=1, description="who may do it")
    grounds: str = Field(description="on which grounds")
    notice_hours: float = Field(ge=0, description="notice; hours")
    to: Ids = Field(min_length=1, description="whom notice is given to")


class Timing(Model):
    """From signature to the day after."""

    start: Start | None = Field(None, description="the hour at which it begins")
    duration: Duration | None = Field(None, description="how long it holds")
    entry: Entry | None = Field(None, description="what must have happened before")
    entry_declared: Timely | None = Field(None, description="who declares the conditions of entry met")
    before: Said | None = Field(None, description="what holds between signature and the hour")
    staggered: Staggered | None = Field(None, description="what begins at once and what later")
    extension: Extension | None = Field(None, description="how it is prolonged")
    suspension: Leaving | None = Field(None, description="how it is suspended")
    termination: Leaving | None = Field(None, description="how it is ended early")
    after: Said | None = Field(None, description="what holds the day after its end")
    review: Timely | None = Field(None, description="who reviews how the pause is used, by when")


# -- ground -------------------------------------------------------------------------------------
class LineOfContact(Provision):
    """The line from which distances are measured."""

    id: str = Field(description="short id, for zones")
    map: str = Field(description="which map, at which scale")
    as_of: Moment | None = Field(None, description="the moment whose positions it shows; null: the start")
    agreed_by: Ids = Field(description="who signs the map; the line is open until every party has")


class Ground(Model):
    """Where it holds."""

    covers: Said | None = Field(None, description="the territory, air and waters that it covers")
    line: LineOfContact | None = Field(None, description="the line of contact")
    line_disputes: Timely | None = Field(
        None, description="who settles where the line runs, within which time"
    )
    encircled: Said | None = Field(None, description="what becomes of troops who are cut off")


# -- command ------------------------------------------------------------------------------------
class Orders(Provision):
    """Who orders the forces to stop."""

    by: Ids = Field(min_length=1, description="parties whose command issues the order")
    authority: str = Field(description="office that issues it")
    before_start_hours: float = Field(gt=0, description="hours before the start by which it is issued")


class Command(Model):
    """Orders and those who must follow them."""

    orders: Orders | None = Field(None, description="who orders the forces to stop, by when")
    acknowledgement: Timely | None = Field(None, description="how it is shown that orders arrived")
    irregulars: Said | None = Field(
        None, description="which allied, irregular and foreign forces each side answers for"
    )
    discipline: Said | None = Field(None, description="what happens to those who disobey")


# -- monitoring ---------------------------------------------------------------------------------
class Capacity(Provision):
    """How much can be watched."""

    monitors: int = Field(gt=0, description="how many monitors")
    length_km: float = Field(gt=0, description="length of line they watch; km")


class Consent(Provision):
    """A party's consent to a means of monitoring."""

    party: str = Field(description="party that consents")
    means: Ids = Field(min_length=1, description="means of monitoring, as the taxonomy names them")
    operator: Ids = Field(min_length=1, description="who operates them: ids of parties or third parties")
    zones: Ids | None = Field(None, description="in which zones; null: wherever the truce holds")
    instrument: str = Field(description="written instrument of the consent")
    authority: str = Field(description="office that gave it")
    granted: bool = Field(True, description="false: refused")
    revocable_hours: float | None = Field(
        None, ge=0, description="notice of revocation; hours; null: not revocable"
    )


class Means(Provision):
    """By which means it is watched."""

    means: Ids = Field(min_length=1, description="means of monitoring, as the taxonomy names them")


class Monitoring(Model):
    """Who watches, with what, and under which guarantees."""

    by: ByWhom | None = Field(None, description="who watches")
    means: Means | None = Field(None, description="by which means")
    access: Timely | None = Field(
        None, description="freedom of movement; a restriction ends within so many hours"
    )
    capacity: Capacity | None = Field(None, description="how many monitors for how long a line")
    deployment: Timely | None = Field(None, description="by when monitors are in place")
    safety: Said | None = Field(None, description="safety and immunities of monitors")
    reporting: Timely | None = Field(None, description="to whom and how often is reported")
    funding: ByWhom | None = Field(None, description="who pays")
    data: Said | None = Field(None, description="what observations may not be used for")


# -- disputes -----------------------------------------------------------------------------------
class EvidenceSteps(Provision):
    """What is needed before something counts as having happened."""

    reported: str = Field(description="needed for reported")
    corroborated: str = Field(description="needed for corroborated")
    verified: str = Field(description="needed for verified")


class Disputes(Model):
    """From an incident to a decision."""

    liaison: Timely | None = Field(None, description="a line that is always answered")
    complaints: Timely | None = Field(None, description="to whom complaints go, and when they are answered")
    investigation: Timely | None = Field(None, description="who looks, within which time")
    evidence: EvidenceSteps | None = Field(None, description="what counts as evidence")
    attribution: ByWhom | None = Field(None, description="who says who did it, and when nobody can")
    adjudication: Timely | None = Field(None, description="who decides what is a breach")
    deadlock: Said | None = Field(None, description="what holds where they cannot agree")
    public: Said | None = Field(None, description="what the parties say in public before a decision")
    allegations: ByWhom | None = Field(
        None, description="where allegations of crimes go; no immunity follows"
    )


# -- enforcement --------------------------------------------------------------------------------
class Consequence(Provision):
    """What follows a breach."""

    upon: str = Field(description="upon which decision")
    by: Ids = Field(min_length=1, description="who acts")
    within_hours: float = Field(gt=0, description="within so many hours")
    does: str = Field(description="what they do")


class Enforcement(Model):
    """What follows a breach."""

    consequences: list[Consequence] = Field(default_factory=list, description="graded, the mildest first")
    remedy: Timely | None = Field(None, description="how a breach is mended")
    guarantors: ByWhom | None = Field(None, description="who guarantees it, and what they do")
    single_breach: Said | None = Field(None, description="whether one breach frees the other side")


class Settlement(Model):
    """What the truce is a step to."""

    talks: Said | None = Field(None, description="which talks follow, and when they begin")
    table: ByWhom | None = Field(None, description="who sits at the table")
    without_prejudice: Said | None = Field(None, description="what positions held during it mean for land")
