"""What a run's manifest tells: which run, of which case, from which files."""

from __future__ import annotations

from pathlib import Path

from truceline import __version__
from truceline.custody.manifest import NAME, Manifest, make_run_id
from truceline.release.withhold import own_manifest_lines
from truceline.workflow.case import Case
from truceline.workflow.editions import Edition
from truceline.workflow.ingest import Ingested
from truceline.workflow.order_worth import desk_digests


def name_run(case: Case, ingested: Ingested, edition: Edition) -> str:
    """The run's id, of everything read; empty where it is to be made of what is released."""
    if edition.withholds:
        return ""
    return make_run_id(
        version=__version__,
        case_digest=case.digest(),
        seed=case.file.seed,
        files=[*ingested.files, *ingested.gazetteers, *_desk_files(case, edition)],
        edition="" if edition.name == case.file.release.edition else edition.name,
    )


def manifest_lines(case: Case, ingested: Ingested, edition: Edition) -> list[dict[str, object]]:
    """What the manifest tells of a run, still without its id.

    In the public edition neither the digest of the case nor anything of the mission's own sources:
    whoever guesses what they hold could test the guess by it.
    """
    head: dict[str, object] = {
        "kind": "run",
        "software": f"truceline {__version__}",
        "case": case.file.id,
        **({} if edition.withholds else {"case_sha256": case.digest()}),
        "seed": case.file.seed,
        "as_of": case.file.as_of,
        "edition": edition.name,
    }
    files: list[dict[str, object]] = [
        {
            "kind": "file", "source": source.source_id, "file": file.label,
            "bytes": file.size_bytes, "sha256": file.digest, "adapter": source.adapter,
            "adapter_version": source.adapter_version, "rows_read": file.rows_read, "rows_used": file.rows_used,
            "rows_outside": file.rows_outside, "rows_repeated": file.rows_repeated,
            "rows_quarantined": file.rows_quarantined, "left_out": file.left_out,
        }
        for source in ingested.sources
        for file in source.files
    ]  # fmt: skip
    absent: list[dict[str, object]] = [
        {"kind": "absent", "source": source.source_id, "state": source.state}
        for source in ingested.sources
        if source.state != "read"
    ]
    lists: list[dict[str, object]] = [
        {"kind": "gazetteer", "file": file, "sha256": digest} for file, digest in ingested.gazetteers
    ]
    desk: list[dict[str, object]] = [
        {"kind": "desk", "file": file, "sha256": digest} for file, digest in _desk_files(case, edition)
    ]
    lines = [head, *files, *absent, *lists, *desk]
    return own_manifest_lines(lines, edition.own_sources) if edition.withholds else lines


def _desk_files(case: Case, edition: Edition) -> list[tuple[str, str]]:
    """Registers of orders, which no other edition says anything of."""
    return desk_digests(case) if edition.name == "mission" else []


def extend_manifest(folder: Path, earlier: Manifest, run_id: str, lines: list[dict[str, object]]) -> None:
    """The earlier manifest with the lines of this run, or as it was where the run is known to it."""
    known = run_id in earlier.run_ids
    manifest = earlier if known else earlier.append([{**line, "run_id": run_id} for line in lines])
    (folder / NAME).write_text(manifest.text(), encoding="utf-8")
