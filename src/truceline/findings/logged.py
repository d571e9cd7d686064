"""Where findings stand in the evidence log of their run: what a report prints so that they can be proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """The checkpoint under which a run's findings stand, and the code of each."""

    origin: str  #: name of the log
    size: int  #: entries under the checkpoint
    root: str  #: base64
    signed: bool  #: by a key that somebody keeps; else by one that anybody can make
    codes: Mapping[str, str] = field(default_factory=dict)  #: finding_id → code of its entry
