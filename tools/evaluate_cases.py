"""Run every case of the project and keep what each one says in docs/cases.md.

    python tools/evaluate_cases.py [--data DIR] [--out DIR] [--check]

Each case is verified as its user would, report and paper included. ``--check`` runs them without
paper and fails where a case cannot be run, or says something else than what is kept.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from truceline.findings.results import Results
from truceline.terms.review import review
from truceline.terms.truce import read_draft
from truceline.workflow.verify import verify

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "docs" / "cases.md"
HEAD = """# The cases, and what they say

Made by `make evaluate-cases`, which verifies every case in `cases/` with the data there are. The sentences
are those of the reports' first page; each report lies in `out/cases/<case>/report.html`.
"""


def find_cases() -> list[Path]:
    """Folders with the sources of a truce, by name; a draft alone cannot be verified."""
    return sorted(path.parent for path in (ROOT / "cases").glob("*/case.yaml"))


def tell_terms() -> list[str]:
    """What the review says of each case's terms, drafts included, as a table."""
    lines = [
        "## The terms",
        "",
        "`truceline check cases/<case>` reviews each. High: open questions and faults of high severity.",
        "",
        "| case | instrument | clauses | obligations | questions open | high | answered |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in sorted((ROOT / "cases").glob("*/truce.yaml")):
        truce = read_draft(path, label=path.parent.name)
        found = review(truce)
        instrument = truce.instrument.replace("_", " ")
        lines.append(
            f"| `{path.parent.name}` | {instrument} | {len(truce.clauses)} | {len(truce.obligations)} | "
            f"{len(found.open)} | {found.grave} | {len(found.answered)} |"
        )
    return [*lines, ""]


def tell(results: Results) -> list[str]:
    """A case as a section of the page."""
    judged = Counter(finding.judgement for finding in results.findings)
    read = [source.source_id for source in results.sources if source.state == "read"]
    other = [source.source_id for source in results.sources if source.state != "read"]
    lines = [
        f"## {results.title}",
        "",
        f"`cases/{results.case_id}` · {len(results.findings)} findings: "
        + ", ".join(f"{n} {word}" for word, n in sorted(judged.items())),
        "",
        f"Sources read: {', '.join(read) or 'none'}." + (f" Not read: {', '.join(other)}." if other else ""),
        "",
        *(f"- {sentence}" for sentence in results.summary),
        "",
    ]
    months = [
        finding
        for finding in results.findings
        if finding.party_id == "all"
        and finding.effect_ratio is not None
        and finding.area_id == results.theatre_id
    ]
    if len(months) > 2:
        lines += [
            "All parties together, month by month: rate against the baseline, with its 95 % interval.",
            "",
            "| period | ratio | interval | E | judgement |",
            "|---|---|---|---|---|",
            *(
                f"| {one.period_label} | {one.effect_ratio:.2f} | {_interval(one.effect_ratio_lo95, one.effect_ratio_hi95)} | {_power(one.e_value)} | {one.judgement} |"
                for one in months
            ),
            "",
        ]
    return lines


def _interval(low: float | None, high: float | None) -> str:
    return "none" if low is None or high is None else f"{low:.2f} to {high:.2f}"


def _power(e_value: float | None) -> str:
    return "none" if e_value is None else f"{e_value:.2g}"


def main() -> int:
    """Run, write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("TRUCELINE_DATA"))
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "cases")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    lines = [HEAD, *tell_terms()]
    for folder in find_cases():
        start = time.perf_counter()
        outcome = verify(folder, data=asked.data, out=asked.out / folder.name, pdf=not asked.check)
        sys.stdout.write(f"{folder.name}: {time.perf_counter() - start:.1f} s, {outcome.report_html}\n")
        lines += tell(outcome.results)
    text = "\n".join(lines).rstrip() + "\n"
    if not asked.check:
        KEPT.write_text(text, encoding="utf-8")
        return 0
    if KEPT.read_text(encoding="utf-8") == text:
        return 0
    draft = asked.out / "cases.md"
    draft.write_text(text, encoding="utf-8")
    subprocess.run(["diff", "-u", str(KEPT), str(draft)], check=False)
    sys.stderr.write("the cases say something else than docs/cases.md; run: make evaluate-cases\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
