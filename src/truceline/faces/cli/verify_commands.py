"""``truceline verify``, ``demo`` and ``explain``: a case judged, and one finding taken apart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.base.language import _, digits, pgettext, speak
from truceline.faces.cli.options import (
    CaseArgument,
    DataOption,
    EditionOption,
    JsonOption,
    LanguageOption,
    LogKeyOption,
    LogQuorumOption,
    LogWitnessOption,
    NoPdfOption,
    OutOption,
    QuietOption,
    RegisterOption,
    SeedOption,
)
from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import print_json, print_lines, print_problems, print_warning

if TYPE_CHECKING:
    from truceline.workflow.verify import VerifyOutcome


def verify(
    case: CaseArgument,
    *,
    data: DataOption = None,
    out: OutOption = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    no_pdf: NoPdfOption = False,
    language: LanguageOption = None,
    edition: EditionOption = None,
    register: RegisterOption = None,
    log_key: LogKeyOption = None,
    log_witness: LogWitnessOption = None,
    log_quorum: LogQuorumOption = 0,
) -> None:
    """Judge every obligation of a case, and write the report."""
    from truceline.workflow.verify import verify as run

    folder = out or Path("out") / case.resolve().name
    with progress_bars(wanted=not quiet and not as_json) as progress:
        outcome = run(
            case,
            data=data,
            out=folder,
            seed=seed,
            pdf=not no_pdf,
            language=language,
            edition=edition,
            register=register,
            log_key=log_key,
            log_witnesses=log_witness or (),
            log_quorum=log_quorum,
            progress=progress,
        )
    _show_outcome(outcome, as_json=as_json, quiet=quiet)


def demo(
    *,
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario",
            metavar="FILE",
            help="Which truce to play, such as cases/demo/scenario.yaml. Default: the same one.",
        ),
    ] = None,
    seed: SeedOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    no_pdf: NoPdfOption = False,
    language: LanguageOption = None,
) -> None:
    """Simulate a truce on an invented coast, and verify it. Needs no data."""
    from truceline.workflow.demo import run_demo

    folder = out or Path("out") / "demo"
    with progress_bars(wanted=not quiet and not as_json) as progress:
        outcome = run_demo(
            folder, seed=seed, scenario_file=scenario, pdf=not no_pdf, language=language, progress=progress
        )
    _show_outcome(outcome, as_json=as_json, quiet=quiet)


def explain(
    finding: Annotated[
        str, typer.Argument(metavar="FINDING", help="Id of a finding, such as fnd-…, or its beginning.")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of a result.")],
    data: DataOption = None,
    case: Annotated[
        Path | None,
        typer.Option(
            "--case",
            metavar="DIR",
            help="The case's folder: rows of its own files, and how each file is read.",
        ),
    ] = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,  # noqa: ARG001 - its callback speaks it
) -> None:
    """Take one finding apart, down to rows of files.

    The rows themselves are printed where --data or --case has them.
    """
    from truceline.workflow.explain import explain as take_apart

    explanation = take_apart(out, finding, data=data, case=case)
    if as_json:
        print_json(explanation.as_dict())
    else:
        print_lines(explanation.lines())


def _show_outcome(outcome: VerifyOutcome, *, as_json: bool, quiet: bool) -> None:
    results = outcome.results
    speak(results.language)
    if as_json:
        print_json(
            {
                "case": results.case_id,
                "run_id": results.run_id,
                "out": outcome.out,
                "report_html": outcome.report_html,
                "report_pdf": outcome.report_pdf,
                "findings": outcome.findings,
                "summary": results.summary,
                "sources_absent": [s.source_id for s in results.sources if s.state == "absent"],
                "sources_unusable": [s.source_id for s in results.sources if s.state == "unusable"],
                "source_problems": [p for s in results.sources if s.state != "absent" for p in s.problems],
                "rows_quarantined": results.rows_quarantined,
                "copies": {s.source_id: s.copies for s in results.sources if s.copies is not None},
                "changed_files": outcome.changed_files,
                "language": results.language,
                "words": outcome.words,
                "register_begun": outcome.register_begun,
            }
        )
        return
    if outcome.changed_files:
        print_problems(outcome.changed_files, heading=_("Files changed since the last result in this folder"))
    if outcome.register_begun is not None:  # told even to the quiet: nobody can take a release back
        print_warning(_("A register of what is released begins here: {path}. If anything of this case was released before, publish nothing of this run: repeat it with --register and the register of that release, or whoever compares the two may find what was withheld.").format(path=outcome.register_begun))  # fmt: skip
    unusable = [source for source in results.sources if source.state == "unusable"]
    if unusable:
        heading = _("Sources that could not be used: {sources}").format(
            sources=", ".join(source.source_id for source in unusable)
        )
        print_problems([problem for source in unusable for problem in source.problems], heading=heading)
    if quiet:
        print_lines([str(outcome.report_html)])
        return
    absent = [source.source_id for source in results.sources if source.state == "absent"]
    noted = [p for source in results.sources if source.state == "read" for p in source.problems]
    if noted:
        print_problems(noted, heading=_("Noted while reading"))
    if outcome.words:
        print_problems(outcome.words, heading=_("Noted about the words of the case"))
    print_lines([results.title, *(f"  - {sentence}" for sentence in results.summary), ""])
    for name, text in _places_of(outcome, absent):
        print_lines([f"{name:<18} {text}"])


def _places_of(outcome: VerifyOutcome, absent: list[str]) -> list[tuple[str, str]]:
    """Where everything lies: a name in the language in force, and the path."""
    from truceline.workflow.copies import copies_text

    results = outcome.results
    lines = [(_("sources absent"), ", ".join(absent))] if absent else []
    if results.rows_quarantined and (outcome.out / "quarantine.jsonl").exists():
        codes = Counter(problem.code for problem in results.quarantined)
        why = ", ".join(f"{code} ×{n}" for code, n in sorted(codes.items()))
        number = digits(str(results.rows_quarantined))
        lines.append((_("rows quarantined"), f"{number} ({why}): {outcome.out / 'quarantine.jsonl'}"))
    for source in results.sources:
        if text := copies_text(source.copies):
            lines.append((_("copies"), f"{source.source_id}: {text}"))
    lines.append((pgettext("label", "report"), str(outcome.report_html)))
    if outcome.report_pdf is not None:
        lines.append((_("on paper"), str(outcome.report_pdf)))
    lines.append((_("findings"), str(outcome.findings)))
    return lines
