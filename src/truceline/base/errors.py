"""Problems of an input, told in one form: where, what was got, what was expected, what to do.

A reader collects every problem of a file before it gives up, so that one run tells all.
Each code is listed in ``CODES`` (the documentation is generated from it) and provoked by a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from truceline.base.language import N_, _, language

CODES: dict[str, str] = {
    # files
    "file_missing": N_("A file that the case names is not under its data root."),
    "file_empty": N_("A file has no bytes."),
    "file_truncated": N_("A file ends in the middle of a record or of its compression."),
    "file_not_text": N_("A file is not valid UTF-8."),
    "file_format": N_("A file is not of the format its source expects."),
    "file_nul_bytes": N_("A text file holds NUL bytes: part of it is lost."),
    "file_repeated": N_("Two files of a source have the same bytes; the second one is left out."),
    "file_changed": N_("A file differs from the one read by the previous run into the same folder."),
    "file_without_rows": N_("A file has a header and no rows."),
    "file_unfolds": N_("A packed file unfolds to more than is read."),
    "extra_missing": N_("A library that the file's format needs is not installed."),
    "layer_unnamed": N_("A file holds several layers or sheets, and the source names none."),
    "layer_unknown": N_("A file has no layer or sheet of the name given."),
    "line_unsplit": N_("A line of contact does not cut the case's region in two."),
    # tables
    "column_missing": N_("A column that the source needs is not in the header."),
    "column_repeated": N_("A header names a column twice."),
    "row_length": N_("A row has more or fewer fields than the header."),
    "row_torn": N_("NUL bytes stand in a row: part of it is lost."),
    "row_spans_lines": N_("A quote joined many lines of a file into one row."),
    "row_repeated": N_("A row repeats an earlier one in full; it is counted once."),
    "value_missing": N_("A value that must be there is empty."),
    "value_type": N_("A value is not of its column's type."),
    "value_range": N_("A value lies outside its column's range."),
    "value_unknown": N_("A value is not one of those allowed."),
    "schema_mismatch": N_("A table does not have the columns, types or ranges of its schema."),
    # time
    "time_format": N_("A time cannot be read."),
    "time_naive": N_("A time has no zone and the source declares none."),
    "time_order": N_("An interval stops before, or when, it starts."),
    # place
    "place_range": N_("A latitude or longitude is outside its range."),
    "place_swapped": N_(
        "A place lies outside the case's region, and inside it with longitude and latitude exchanged."
    ),
    "place_outside": N_("A place lies outside the case's region."),
    "crs_unknown": N_("A layer is in another coordinate reference system than WGS 84 longitude, latitude."),
    "geometry_null": N_("A feature has no geometry; it is kept as a name without a shape."),
    "geometry_repaired": N_("A polygon crossed itself; it was repaired, and its change of area is given."),
    "geometry_invalid": N_("A geometry cannot be used or repaired."),
    # case
    "yaml_syntax": N_("A YAML file cannot be parsed."),
    "case_field": N_("A field of the case or of its terms is wrong."),
    "name_reserved": N_("An id has a meaning of its own and cannot name a party."),
    "party_unknown": N_("A term, source or claim names a party that the truce does not have."),
    "name_unknown": N_("Something refers to an id that is not defined."),
    "id_repeated": N_("Two things of one kind have the same id."),
    "window_order": N_("A window ends before it starts."),
    "adapter_unknown": N_("A source names a plug-in that is not registered."),
    "claim_sum": N_("The parts of a claimed total do not sum to it."),
    "words_missing": N_(
        "A text of the case has no translation into the report's language; it stays as written."
    ),
    "words_unused": N_("A translation is of a text that the case does not show."),
    # the desk: signed records of orders and declarations
    "chain_loop": N_("A chain of command runs in a loop."),
    "key_unknown": N_("A record is signed by a key that the case does not name, or not for whoever acts."),
    "key_unreadable": N_("A key cannot be read, or is there already."),
    "signature_forged": N_("A signature is not that of the key over the record."),
    "signature_replayed": N_("A signed record was put in again, or was signed for something else."),
    "record_broken": N_("A line of a register is no signed record."),
    "order_unknown": N_("A record answers or countermands an order that was not issued."),
    "order_too_early": N_("A record answers an order before it was issued."),
    "register_absent": N_("The case has no register of that kind."),
    # sources as a whole
    "source_absent": N_("A source of the case could not be read because its files are absent."),
    "source_unused": N_("A source gives counts that no series of the case uses."),
    "source_outside_window": N_("A source has no record in the truce's window."),
    # places to write
    "out_not_ours": N_("The output folder exists and was not written by Truceline."),
    "out_busy": N_("Another run is writing into the output folder."),
    "edition_not_allowed": N_("The case may not be released in the edition asked for."),
    "release_rule_changed": N_("An earlier release told places or days by another rule."),
    "register_broken": N_("The register of what was released cannot be read."),
    "out_unwritable": N_("The output folder cannot be written."),
    "finding_unknown": N_("No finding has that id."),
    "result_unreadable": N_("A folder does not hold a complete result."),
    # evidence logs
    "log_absent": N_("There is no evidence log where one was named."),
    "log_altered": N_("A file of an evidence log is not what was written or signed."),
    "log_missing": N_("A file of an evidence log is not there."),
    "log_unknown": N_("The folder of an evidence log holds a file that is no part of the log."),
    "log_signature": N_("A checkpoint or a change of key is not signed as it must be."),
    "log_entry": N_("An entry of an evidence log is not of its form, or cannot be logged."),
    "log_fork": N_("An evidence log was shown with two histories that contradict each other."),
    "log_busy": N_("Another process writes to the evidence log and did not finish in time."),
    "log_unwritable": N_("The evidence log cannot be written; nothing was added to it."),
    "log_key": N_("A key, or a file of keys, is not what it should be."),
    "log_time": N_("A token of a time-stamp authority does not hold, or none could be had."),
    "log_refused": N_("A witness does not cosign what it was shown."),
    "log_file": N_("A proof or a request cannot be read, or does not hold."),
    "log_differs": N_("A run repeated from the same inputs says something else than the log."),
    # exports
    "format_unknown": N_("No export has that name."),
    "choice_missing": N_("An export that tells of single things was given none of them."),
    "choice_unknown": N_("No finding or incident of the result has that id."),
    "case_other": N_("A result was not made from the case that was given with it."),
    "export_too_large": N_("A result holds more than the readers of a format can bear."),
    # fetching
    "fetch_failed": N_("A file could not be brought from its public home."),
    "fetch_incomplete": N_("A download ended before the whole file had come."),
    "fetch_refused": N_(
        "An address, a redirect or a path of a fetch is not safe to follow, or lacks its key."
    ),
    "fetch_changed": N_("A file at its public home is not the one recorded or expected."),
    "fetch_too_large": N_("A file is larger than the limit of its fetch."),
    "fetch_unwritable": N_("A fetched file cannot be put in the data root."),
    "fetch_homeless": N_("The case names no public home for a source."),
    # places
    "place_ambiguous": N_("A place name fits several places; none is chosen."),
    "place_disputed": N_("A shape or map assigns territory whose belonging is disputed."),
    # talks
    "text_recoded": N_("A text was not UTF-8; it was read in another encoding."),
    "text_none": N_("A document has no running text, or hardly any."),
    "text_outside": N_("A page holds text outside its article; it was set aside and is listed."),
    "text_hidden": N_("A page holds text that its readers do not see; it was left out."),
    "text_repeated": N_("A document has the same text as an earlier one; it is read once."),
    "page_closed": N_("A page says that its text is no longer there."),
    "page_paywalled": N_("A page asks for a subscription; its text may be cut."),
    "page_undated": N_("A document names no day of publication."),
    "language_unread": N_("A document is in a language that is not read."),
    "quote_unclosed": N_(
        "A quotation mark was never closed; the quotation ends with its paragraph or sentence."
    ),
    "speaker_open": N_("Quoted words stand in a text that names no speaker for them."),
    "register_conflict": N_("A register has changed since it was read, or its chain of digests is broken."),
    "statement_unknown": N_("No statement or proposal of the register has that id."),
    "extractor_failed": N_("An extractor gave no answer that can be read."),
    "extractor_refused": N_("Statements of an extractor are not borne out by the text, and were left out."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with an input.

    ``file`` is a label such as ``data:ua_sirens/alerts_oblast.csv.gz``; ``row`` is the line in
    that file, the header being line 1 (for JSON: the position of the record, first = 1).
    """

    code: str
    message: str
    file: str = ""
    row: int | None = None
    column: str = ""
    got: str = ""
    expected: str = ""
    next_step: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unlisted problem code {self.code!r}")

    def __str__(self) -> str:
        where = self.file
        if self.row is not None:
            where += f", row {self.row}"
        if self.column:
            where += f", column {self.column}"
        text = f"{where}: {self.message}" if where else self.message
        if self.got:
            text += f"; got {self.got!r}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.next_step:
            text += f". {self.next_step}"
        return f"[{self.code}] {text}"


def told_problem(problem: Problem) -> str:
    """What is wrong: in English the problem's own words, else what its code means, those words after it.

    The details of a problem are written in English where they arise.
    """
    if language() == "en":
        return problem.message
    return f"{_(CODES[problem.code])} [en: {problem.message}]"


class TrucelineError(Exception):
    """Work cannot go on; carries every problem found, not the first alone."""

    #: exit code of the command line (documented in ``docs/command-line.md``)
    exit_code = 1

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CaseError(TrucelineError):
    """The case folder itself is wrong: its terms, its sources, its areas."""

    exit_code = 3


class InputError(TrucelineError):
    """An input file cannot be used at all (single bad rows are quarantined instead)."""

    exit_code = 4


class OutputError(TrucelineError):
    """The result cannot be written or read."""

    exit_code = 5


class EvidenceError(TrucelineError):
    """An evidence log, or a proof from one, does not hold."""

    exit_code = 9


class CallError(TrucelineError):
    """Something was asked for that is not there."""

    exit_code = 2
