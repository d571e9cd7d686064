"""Write a finished result in the formats of other tools, whole or not at all.

(1) read the result, with what only its case knows; (2) say beforehand, in the result's own list of
contents, what will stand in it, so that the next run knows it for ours; (3) write every format
into a hidden folder; formats of the same run that an earlier export left are kept; (4) write
README.txt and a manifest with digests; (5) put the folder in place.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from truceline import __version__
from truceline.base.canonical import digest_file
from truceline.base.errors import CallError, OutputError, Problem, TrucelineError
from truceline.base.progress import Progress, silent
from truceline.custody.manifest import NAME, Entry, Manifest, read_manifest
from truceline.exports.about import about, attribution_lines, caution
from truceline.exports.export import EXPORTS, Export
from truceline.exports.result import CaseShapes, Result, ResultArea, read_result
from truceline.store.folder import CONTENTS, OutputFolder
from truceline.workflow.case import Case, open_case, read_shape

FOLDER = "exports"
README = "README.txt"
ALL = "all"
#: endings of what programs put beside a GeoPackage that they open
SIDE_FILES = ("-journal", "-wal", "-shm", ".aux.xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A file that was written."""

    format: str
    file: str  #: relative to the folder
    size_bytes: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOutcome:
    """What was written, and what was left out with the reason."""

    folder: Path
    run_id: str
    files: tuple[ExportedFile, ...]
    left_out: tuple[Problem, ...] = ()  #: formats of ``all`` that this result or installation cannot have
    notes: tuple[str, ...] = ()


def export(
    out: Path,
    *,
    formats: Sequence[str] = (ALL,),
    to: Path | None = None,
    case: Path | None = None,
    chosen: Sequence[str] = (),
    progress: Progress = silent,
) -> ExportOutcome:
    """Write the result in ``out`` as ``formats`` into ``out/exports``, or into ``to``.

    ``case`` is the case's folder: it knows the shapes of areas and which maps may be published;
    without it they stay out unless the result says so. ``chosen`` are the findings and incidents of
    formats that tell of single things. With ``all``, a format that cannot be had is left out and
    told; a format named is an error then.

    Raises
    ------
    CallError
        For an unknown format or id, or a format that needs a choice and has none.
    CaseError
        If ``case`` is wrong.
    OutputError
        If ``out`` holds no result, or the folder cannot be written.
    """
    plugins, strict = _plugins(formats, chosen=tuple(dict.fromkeys(chosen)))
    result, notes = _read(out, case)  # (1)
    if to is not None and to.name in EXPORTS.names() and ALL in formats:
        notes.append(f"--to names a folder; every format was asked for, into {to}. One format alone: --format {to.name}.")  # fmt: skip
    folder = to if to is not None else out / FOLDER
    head = {"kind": "run", **about(result), **_shown(result)}
    earlier = _earlier(folder, head)
    names = [entry["file"] for entry in earlier] + [name for plugin in plugins for name in plugin.files()]
    if folder.resolve().parent == out.resolve():
        _declare(out, folder.name, [*names, README, NAME])  # (2)
    left_out: list[Problem] = []
    entries: list[Entry] = []
    with OutputFolder(folder) as partial:
        for number, plugin in enumerate(plugins):  # (3)
            progress(f"exporting {plugin.name}", number, len(plugins))
            try:
                plugin.write(result, partial)
            except TrucelineError as error:
                if strict:
                    raise
                left_out += error.problems
                _clear(partial, plugin)
                continue
            entries += [_entry(partial, plugin, name) for name in plugin.files()]
        progress("exporting", len(plugins), len(plugins))
        fresh = {entry["format"] for entry in entries}
        for entry in earlier:
            if entry["format"] not in fresh:
                (partial / entry["file"]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / entry["file"], partial / entry["file"])
                entries.append(entry)
        entries.sort(key=lambda entry: (entry["format"], entry["file"]))
        (partial / README).write_text(_readme(result, entries, notes), encoding="utf-8", newline="\n")  # (4)
        (partial / NAME).write_text(Manifest().append([head, *entries]).text(), encoding="utf-8")
    # (5) is done by leaving the block
    _allow(folder, _with_side_files([entry["file"] for entry in entries]))
    return ExportOutcome(
        folder=folder,
        run_id=result.run_id,
        files=tuple(
            ExportedFile(
                format=entry["format"], file=entry["file"], size_bytes=entry["bytes"], digest=entry["sha256"]
            )
            for entry in entries
        ),
        left_out=tuple(left_out),
        notes=tuple(notes),
    )


def _plugins(formats: Sequence[str], *, chosen: tuple[str, ...]) -> tuple[list[Export], bool]:
    """The formats asked for, each once, in the order of the register; whether they were named."""
    unknown = [name for name in formats if name != ALL and EXPORTS.get(name) is None]
    if unknown:
        raise CallError(
            [
                Problem(code="format_unknown", message="no export has this name", got=name, expected=" | ".join([*EXPORTS.names(), ALL]), next_step="Name one of these with --format")
                for name in unknown
            ]
        )  # fmt: skip
    if ALL not in formats:
        return [plugin(chosen=chosen) for plugin in EXPORTS if plugin.name in formats], True
    # what tells of single things is not made of all of them
    return [plugin(chosen=chosen) for plugin in EXPORTS if chosen or not plugin.needs_choice], False


def _read(out: Path, case_folder: Path | None) -> tuple[Result, list[str]]:
    """The result with what its case adds, and what a reader of the exports must know."""
    if case_folder is None:
        result = read_result(out)
        return result, _notes(result)
    case = open_case(case_folder)
    result = read_result(out, case=_shapes_of(case))
    if case.file.id != result.case_id:
        raise CallError(
            Problem(code="case_other", message="the result was not made from this case", file=str(case_folder), got=case.file.id, expected=result.case_id, next_step="Give the folder of the case that the result was made from")
        )  # fmt: skip
    runs = {entry["run_id"]: entry for entry in read_manifest(out).entries if entry["kind"] == "run"}
    digest = case.digest()  # a public edition does not tell which it was
    changed = runs[result.run_id].get("case_sha256", digest) != digest
    told = ["The case has changed since this result was made from it; areas and maps are shown by the case as it is now."]  # fmt: skip
    return result, [*(told if changed else []), *_notes(result)]


def _shown(result: Result) -> Entry:
    """What of shapes is in the exports, and what wrote them.

    Files made under another rule, or by another version, are not kept beside new ones.
    """
    maps = dict.fromkeys(result.table("control")["source_id"].to_pylist())
    return {
        "maps_shown": [name for name in maps if result.may_show(name)],
        "areas_shown": [area.area_id for area in result.areas if area.shape is not None],
        "public": result.is_public,
        "written_by": f"truceline {__version__}",
    }


def _shapes_of(case: Case) -> CaseShapes:
    """What the case knows of a result made from it."""
    land = case.file.map.land
    return CaseShapes(
        areas=tuple(
            ResultArea(
                area_id=area.id,
                name=case.area_names[area.id],
                kind=area.kind,
                parent_area_id=area.parent,
                disputed=area.disputed,
                shape=case.shape_of(area.id),
                label=(area.label[0], area.label[1]) if area.label else None,
            )
            for area in case.file.areas
        ),
        publish_shapes={source.id: source.publish_shapes for source in case.file.sources},
        frame=case.frame,
        land=None if land is None else read_shape(case.folder / land, label=f"case:{land}"),
    )


def _earlier(folder: Path, head: Entry) -> list[Entry]:
    """Files that an earlier export of the same run, by the same rule, left here, untouched since."""
    if not (folder / NAME).is_file() or not (folder / CONTENTS).is_file():
        return []
    first, *rest = [
        {key: value for key, value in entry.items() if key not in ("line", "previous")}
        for entry in read_manifest(folder).entries
    ] or [{}]
    if first != head:
        return []
    return [
        entry
        for entry in rest
        if (folder / entry["file"]).is_file() and digest_file(folder / entry["file"]) == entry["sha256"]
    ]


def _declare(out: Path, name: str, files: Sequence[str]) -> None:
    """Say in the result's list of contents what will stand in it, hidden names too.

    The next run refuses a folder that holds what the list does not name; an export that was killed,
    or a viewer that put its own file beside one of ours, must not make it do so.
    """
    inside = [*_with_side_files(files), CONTENTS, f"{CONTENTS}.new"]
    tops = (name, f".{name}.partial", f".{name}.old")
    _allow(out, [*(f"{top}/{file}" for top in tops for file in inside), f".{name}.lock"])


def _with_side_files(files: Sequence[str]) -> list[str]:
    """Files, and what GDAL, SQLite or QGIS may put beside one when it is opened."""
    databases = [f"{file}{end}" for file in files if file.endswith(".gpkg") for end in SIDE_FILES]
    return [*files, *databases]


def _allow(folder: Path, names: Sequence[str]) -> None:
    """Add names to a folder's list of contents, in one step."""
    path, fresh = folder / CONTENTS, folder / f"{CONTENTS}.new"
    try:
        listed = set(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else set()
        listed |= {*names, fresh.name}
        fresh.write_text("".join(f"{line}\n" for line in sorted(listed)), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise OutputError(
            Problem(code="out_unwritable", message=f"the folder cannot be written: {error.strerror}", file=str(folder), expected="a folder this user may write", next_step="Give another folder with --to")
        ) from error  # fmt: skip


def _clear(partial: Path, plugin: Export) -> None:
    """Remove what a format wrote before it gave up."""
    for name in plugin.files():
        (partial / name).unlink(missing_ok=True)
        parent = (partial / name).parent
        if parent != partial and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def _entry(partial: Path, plugin: Export, name: str) -> Entry:
    return {
        "kind": "export",
        "format": plugin.name,
        "format_version": plugin.version,
        "file": name,
        "bytes": (partial / name).stat().st_size,
        "sha256": str(digest_file(partial / name)),
    }


def _notes(result: Result) -> list[str]:
    """What a reader of the exports must know."""
    maps = dict.fromkeys(result.table("control")["source_id"].to_pylist())
    titles = {item.source_id: item.title for item in result.attributions}
    refused = [titles.get(name, name) for name in maps if result.publish_shapes.get(name) is False]
    unsaid = [titles.get(name, name) for name in maps if name not in result.publish_shapes]
    notes = []
    if refused:
        notes.append(f"Shapes that may not be published are left out: {', '.join(refused)}.")
    if unsaid:
        notes.append(f"Shapes are left out because the result does not say whether they may be published: {', '.join(unsaid)}. Give the case with --case.")  # fmt: skip
    if not any(area.shape is not None for area in result.areas):
        notes.append("Areas are names without shapes here.")
    return notes


def _readme(result: Result, entries: Sequence[Entry], notes: Sequence[str]) -> str:
    """README.txt: what lies here, of what it was made, under which licences."""
    titles = {plugin.name: plugin.title for plugin in EXPORTS}
    lines = [caution(result) + result.title, ""]
    lines += [f"{name}: {value}" for name, value in about(result).items()]
    lines += ["", "Files"]
    for name in dict.fromkeys(entry["format"] for entry in entries):
        lines.append(f"  {name}: {titles.get(name, name)}")
        lines += [f"    {entry['file']}  {entry['bytes']} bytes  sha256 {entry['sha256']}" for entry in entries if entry["format"] == name]  # fmt: skip
    lines += ["", "Attribution", *(f"  {line}" for line in attribution_lines(result))]
    if notes:
        lines += ["", "Notes", *(f"  {note}" for note in notes)]
    return "\n".join(lines) + "\n"
