"""What an audit found."""

from __future__ import annotations

from dataclasses import dataclass, field

from truceline.custody.checkpoint import SignedCheckpoint


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: ``code`` as in ``base/errors``, which file of the log, and what."""

    code: str
    file: str
    message: str


@dataclass(slots=True)
class Audit:
    """What an audit found; ``size`` entries were read, ``pending`` of them stand under no checkpoint yet."""

    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    size: int = 0
    pending: int = 0
    checkpoints: int = 0
    newest: SignedCheckpoint | None = None
    cosigned: dict[str, int] = field(default_factory=dict)  #: witness → time of the newest checkpoint, s
    held: int = 0  #: entries of which something is held here
    stamps: list[str] = field(default_factory=list)  #: files with tokens of time; not yet what these say
    newest_time: str = ""  #: when the last checkpoint was made, as the log says

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def wrong(self, code: str, file: str, message: object) -> None:
        """Note something wrong."""
        self.faults.append(Fault(code, file, str(message)))
