"""Bring a case's sources from their public homes into a data root."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from truceline.base.documents import Document
from truceline.base.errors import CallError, CaseError, Problem
from truceline.base.progress import Progress, silent
from truceline.base.words import some
from truceline.fetch.bring import Brought, Root, alone_in, bring_all
from truceline.fetch.clock import Clock
from truceline.fetch.download import Downloader, Manners, make_client
from truceline.fetch.items import Wanted, expand
from truceline.fetch.record import Record
from truceline.workflow.case import Case, open_case
from truceline.workflow.case_file import SourceEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a user is told of a source before its first file comes."""

    source_id: str
    title: str
    licence: str
    text: str
    files: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSummary:
    """How much would be fetched, and from whom."""

    files: int
    hosts: Mapping[str, int]  #: host → files
    files_there: int
    bytes_there: int
    files_to_come: int
    files_of_known_size: int  #: of those to come: they came before
    bytes_known: int  #: of these
    most_bytes_of_one: int  #: the limit of the case for each of the rest
    keys: tuple[str, ...] = ()  #: environment variables that must hold a key

    def lines(self) -> list[str]:
        """For people."""
        hosts = ", ".join(f"{host} ({n})" for host, n in self.hosts.items())
        unknown = self.files_to_come - self.files_of_known_size
        sizes = [
            f"{self.bytes_known:,} bytes when last fetched" + (f" ({some(self.files_of_known_size, 'file')})" if unknown else "")
            if self.files_of_known_size
            else "",
            f"size not known of {some(unknown, 'file')}, at most {self.most_bytes_of_one / 1e6:,g} MB each" if unknown else "",
        ]  # fmt: skip
        to_come = "; ".join(part for part in (some(self.files_to_come, "file"), *sizes) if part)
        lines = [
            f"in all      {some(self.files, 'file')} from {some(len(self.hosts), 'host')}" + (f": {hosts}" if hosts else ""),
            f"there       {some(self.files_there, 'file')}, {self.bytes_there:,} bytes",
            f"to bring    {to_come}",
        ]  # fmt: skip
        return [*lines, f"needs keys  {', '.join(self.keys)} (environment)"] if self.keys else lines


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPlan:
    """What would be fetched; nothing has been asked of any network."""

    case_id: str
    data: Path
    wanted: tuple[Wanted, ...]
    notices: tuple[Notice, ...]
    without_home: tuple[str, ...]  #: sources for which the case names no public home
    lies_there: tuple[str, ...] = ()  #: paths that are there already
    known_bytes: Mapping[str, int] = field(
        default_factory=dict
    )  #: path → size, as it lies there or once came

    @property
    def summary(self) -> FetchSummary:
        """How much it is, of what is known before anybody is asked."""
        there = set(self.lies_there)
        to_come = [one for one in self.wanted if one.to not in there]
        told = [self.known_bytes[one.to] for one in to_come if one.to in self.known_bytes]
        unknown = [one.max_size_bytes for one in to_come if one.to not in self.known_bytes]
        return FetchSummary(
            files=len(self.wanted),
            hosts=dict(Counter(one.host for one in self.wanted)),
            files_there=len(there),
            bytes_there=sum(self.known_bytes.get(one, 0) for one in there),
            files_to_come=len(to_come),
            files_of_known_size=len(told),
            bytes_known=sum(told),
            most_bytes_of_one=max(unknown, default=0),
            keys=tuple(dict.fromkeys(one.key_from for one in to_come if one.key_from)),
        )

    def notice_lines(self) -> list[str]:
        """For people: the rights in each source, before its first file comes."""
        lines: list[str] = []
        for notice in self.notices:
            lines += [
                f"{notice.source_id}  {some(notice.files, 'file')}",
                f"    {notice.text}",
            ]
            lines += [f"    Note: {note}" for note in notice.notes]
        if self.without_home:
            lines.append(f"no public home named  {', '.join(self.without_home)}")
        return [*lines, ""]

    def lines(self) -> list[str]:
        """For people: each file, whence and whither; then how much it is."""
        there = set(self.lies_there)
        files = [
            f"{one.source_id}  {one.url}  ->  {one.to}{'  (there)' if one.to in there else ''}"
            for one in self.wanted
        ]
        return [*files, "", *self.summary.lines()]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOutcome:
    """What became of every file."""

    data: Path
    brought: tuple[Brought, ...]
    bytes_fetched: int

    @property
    def problems(self) -> list[Problem]:
        """Of the files that could not be brought."""
        return [one.problem for one in self.brought if one.problem is not None]

    @property
    def counts(self) -> dict[str, int]:
        """State → files, in the order of first appearance."""
        counts: dict[str, int] = {}
        for one in self.brought:
            counts[one.state] = counts.get(one.state, 0) + 1
        return counts

    def lines(self) -> list[str]:
        """For people: one line for each source, and what was kept or absent."""
        by_source: dict[str, dict[str, int]] = {}
        for one in self.brought:
            states = by_source.setdefault(one.source_id, {})
            states[one.state] = states.get(one.state, 0) + 1
        lines = [
            f"{source}  {', '.join(f'{n} {state}' for state, n in states.items())}"
            for source, states in by_source.items()
        ]
        lines += [f"kept  {one.kept_as}, as {one.to} was replaced" for one in self.brought if one.kept_as]
        absent = [one.to for one in self.brought if one.state == "absent"]
        if absent:
            lines.append(f"absent at their home  {', '.join(absent)}")
        return lines


def plan_fetch(case_folder: Path, *, data: Path, sources: Sequence[str] = ()) -> FetchPlan:
    """Say what would be fetched for a case.

    ``sources``: ids; none means every source that has a public home.

    Raises
    ------
    CaseError
        If the case is wrong.
    CallError
        If a source that was asked for is not there, or the case names no home for it.
    """
    case = open_case(case_folder)
    chosen = _chosen(case, sources)
    document = Document(case.folder / "case.yaml", label="case:case.yaml")
    problems: list[Problem] = []
    wanted: list[Wanted] = []
    notices: list[Notice] = []
    takes: dict[str, str] = {}
    for position, entry in enumerate(case.file.sources):
        if entry.id not in chosen or not entry.fetch:
            continue
        text = notice_text(entry)
        files: list[Wanted] = []
        for number, item in enumerate(entry.fetch):
            at: list[str | int] = ["sources", position, "fetch", number, "to"]
            try:
                files += expand(item, source_id=entry.id, licence=entry.licence, notice=text)
            except ValueError as error:
                problems.append(document.problem(at, code="case_field", message=str(error), got=item.to, next_step="Correct the item"))  # fmt: skip
        for one in files:
            if one.to.casefold() in takes:
                problems.append(document.problem(["sources", position, "fetch"], code="id_repeated", message="two fetched files would have the same path", got=one.to, next_step="Give each its own `to`"))  # fmt: skip
            takes[one.to.casefold()] = entry.id
        wanted += files
        notes = tuple(item.note for item in entry.fetch if item.note)
        notices.append(Notice(source_id=entry.id, title=entry.title, licence=entry.licence, text=text, files=len(files), notes=notes))  # fmt: skip
    if problems:
        raise CaseError(problems)
    return FetchPlan(
        case_id=case.file.id,
        data=data,
        wanted=tuple(wanted),
        notices=tuple(notices),
        without_home=tuple(
            entry.id for entry in case.file.sources if entry.root == "data" and not entry.fetch
        ),
        lies_there=tuple(one.to for one in wanted if (data / one.to).is_file()),
        known_bytes=_known_bytes(wanted, data),
    )


def _known_bytes(wanted: Sequence[Wanted], data: Path) -> dict[str, int]:
    """Sizes of files that lie there, and of others as they were when they came last."""
    record = Record(data)
    known: dict[str, int] = {}
    for one in wanted:
        path = data / one.to
        line = record.last(one.to)
        if path.is_file():
            known[one.to] = path.stat().st_size
        elif line is not None:
            known[one.to] = line.size
    return known


def run_fetch(
    plan: FetchPlan,
    *,
    keys: Mapping[str, str],
    accept_changed: bool = False,
    progress: Progress = silent,
    clock: Clock | None = None,
    manners: Manners | None = None,
) -> FetchOutcome:
    """Bring every file of a plan into its data root; one that fails does not stop the others.

    ``keys``: environment variables, for the addresses that need a key.

    Raises
    ------
    OutputError
        If the data root cannot be made, its record cannot be read, or another run fetches into it.
    """
    manners = manners or Manners()
    with alone_in(plan.data), make_client(manners) as client:
        # the root itself may be a link: it was named by the user
        folder = plan.data.resolve()
        root = Root(folder=folder, record=Record(folder), accept_changed=accept_changed)
        downloader = Downloader(client=client, clock=clock or Clock(), manners=manners, progress=progress)
        brought = bring_all(plan.wanted, root, downloader=downloader, keys=keys, progress=progress)
    fetched = sum(one.size or 0 for one in brought if one.state in ("fetched", "replaced"))
    return FetchOutcome(data=plan.data, brought=tuple(brought), bytes_fetched=fetched)


def notice_text(entry: SourceEntry) -> str:
    """What a user should know of a source's rights before taking its files."""
    parts = [f"{entry.title}. Publisher: {entry.publisher or 'not stated'}. Licence: {entry.licence}."]
    if entry.citation:
        parts.append(f"To be cited as: {entry.citation}")
    if not entry.publish_shapes:
        parts.append("Its shapes may not be published.")
    parts.append("The files stay under their publisher's terms; keep them out of what you pass on unless those allow it.")  # fmt: skip
    return " ".join(parts)


def _chosen(case: Case, sources: Sequence[str]) -> set[str]:
    known = {entry.id: entry for entry in case.file.sources}
    problems = [
        Problem(code="name_unknown", message="the case has no such source", file="case:case.yaml", got=name, expected=" | ".join(known), next_step="`truceline sources` lists them")
        for name in sources
        if name not in known
    ]  # fmt: skip
    problems += [
        Problem(code="fetch_homeless", message=f"the case names no public home for source {name!r}", file="case:case.yaml", expected="items under its `fetch`", next_step="Put its files into the data root by hand, or add `fetch` to the source")
        for name in sources
        if name in known and not known[name].fetch
    ]  # fmt: skip
    if problems:
        raise CallError(problems)
    return set(sources) or set(known)
