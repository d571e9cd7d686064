"""Exit codes of the command line; ``docs/command-line.md`` lists them from here."""

from __future__ import annotations

from truceline.base.language import N_

DONE = 0
UNEXPECTED = 1
USAGE = 2
NOT_ALL_FETCHED = 6
GRAVELY_OPEN = 7
DESK_FAULTS = 8
EVIDENCE = 9
INTERRUPTED = 130
ENDED = 143

EXIT_CODES: dict[int, str] = {
    DONE: N_("Done."),
    UNEXPECTED: N_("Unexpected: a fault of Truceline. Please report it with what stands on stderr."),
    USAGE: N_("The command was called wrongly, or asked for something that is not there."),
    3: N_("The case is wrong: its terms, its sources, its areas."),
    4: N_("An input file cannot be used at all."),
    5: N_("The result cannot be written, or a written one cannot be read."),
    NOT_ALL_FETCHED: N_("Some files could not be fetched; the others are there."),
    GRAVELY_OPEN: N_("The draft was read; something of high severity is open in it."),
    DESK_FAULTS: N_("The registers were read; lines of them do not hold, or what they declare differs."),
    EVIDENCE: N_("An evidence log, or a proof from one, does not hold."),
    INTERRUPTED: N_("Interrupted (Ctrl-C). No half-written result is left."),
    ENDED: N_("Ended by another program (SIGTERM). No half-written result is left."),
}
