"""The questions of ``truceline new`` about words of a table: which kind is which act, which name is which party."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from truceline.base.language import _
from truceline.faces.cli.new_questions import Asker, one_of, pairs_of, thing_of
from truceline.faces.cli.render import print_lines
from truceline.workflow.new_case import NamedThing
from truceline.workflow.sniff import MEANT, SniffedTable, Words
from truceline.workflow.sniff_words import alike_act, alike_party, n_rows_of

if TYPE_CHECKING:  # what was said on the command line is told where the questions are begun
    from truceline.faces.cli.new import Given

#: `--word '*=act'`: every row's act, whatever its kind
EVERY = "*"
#: words that are asked for one by one, commonest first; rarer ones are taken as proposed, and told
MOST_ASKED = 40
#: of an event data set, whose actors may be thousands; rarer ones are nobody
MOST_OF_A_SET = 12


def show_kinds(table: SniffedTable) -> None:
    """What kinds of thing the file tells of, with how many rows, so that acts are named with them in view."""
    if "act" in table.columns:
        print_lines(["", _("Kinds in the column {header}:").format(header=repr(table.columns["act"]))])
        print_lines(_counted(table, table.words))
        return
    taken = set(table.columns.values())
    few = {header: words for header, words in table.few.items() if header not in taken}
    if table.adapter == "table" and few:
        print_lines(["", _("No column of kinds was recognised; columns with few different values:")])
        for header, words in few.items():
            shown = ", ".join(f"{word} ({n})" for word, n in words[:6]) + (", …" if len(words) > 6 else "")
            print_lines([f"  {header}: {shown}"])


def likely_kinds(table: SniffedTable) -> dict[str, Words]:
    """Columns that nothing reads and that may tell kinds: texts of a few different values."""
    unused = table.unused if table.adapter == "table" else ()
    return {header: table.few[header] for header in unused if len(table.few.get(header, ())) > 1}


def offer_kinds(ask: Asker, table: SniffedTable) -> str | None:
    """The header of the column of kinds, where none was recognised; empty for none, None where nothing is asked."""
    if ask.accept or table.adapter != "table" or "act" in table.columns or not table.unused:
        return None
    show_kinds(table)
    question = _("Column that says what kind of thing it was (-: none, every row is of one kind)")
    proposal = None if likely_kinds(table) else "-"
    return ask.read(question, None, one_of(table.unused, or_nothing=True), flag="--column act=HEADER", proposal=proposal)  # fmt: skip


def _counted(table: SniffedTable, words: Words) -> list[str]:
    lines = [f"  {n:>7}  {_named(table, word)}" for word, n in words[:MOST_ASKED]]
    hidden = words[MOST_ASKED:]
    if hidden:
        n = n_rows_of(hidden)
        lines.append("  " + _("and rarer ones: {kinds} kinds, {rows} rows").format(kinds=len(hidden), rows=n))
    return lines


def _named(table: SniffedTable, word: str) -> str:
    return f"{word} ({MEANT[word]})" if table.adapter == "ucdp_ged" and word in MEANT else word


def ask_words(
    ask: Asker, table: SniffedTable, acts: Sequence[NamedThing], given: Sequence[str], *, none: bool = False
) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """Which word of the file is which act; where there is one act, it may be all rows' act.

    ``none``: it was said that no column tells kinds, which makes the one act every row's.
    """
    ids = [act.id for act in acts]
    told = pairs_of(given, "--word", acts)
    every = told.pop(EVERY, None)
    is_table = table.adapter == "table"
    if every is not None and is_table:
        table.columns.pop("act", None)
        return (), every or None
    if "act" not in table.columns or not table.words:
        if told:
            ask.need(
                _("--word says what kinds mean, but no column of kinds is known."), "--column act=HEADER"
            )
            ask.settle()
        if is_table and (len(ids) > 1 or (ask.accept and likely_kinds(table) and not none)):
            _need_act(ask, _("No column was recognised that says which act a row is."), ids, column=True)
        return (), ids[0] if len(ids) == 1 else None
    _note_strange(told, table.words, flag="--word")
    names = [(act.id, act.name) for act in acts]
    known: dict[str, str] = {}
    if not ask.accept and not given:
        print_lines([_("Which of its kinds are which act? (-: none of them)")])
    for place, (word, n) in enumerate(table.words):
        alike = every if every is not None else alike_act(word, names) or ""
        if table.adapter == "ucdp_ged" and word == "1" and len(ids) == 1:
            alike = ids[0]
        if word in told:
            known[word] = told[word]
        elif given or place >= MOST_ASKED:
            known[word] = alike
        else:
            question = "  " + _("{kind} (rows: {n})").format(kind=_named(table, word), n=n)
            known[word] = ask.read(question, None, thing_of(acts, or_nothing=True), flag=f"--word '{word}=ACT'", proposal=alike or "-")  # fmt: skip
    if ask.accept or given:
        _show_taken(table.words, known, acts, none=_("no act of the terms"))
    if not any(known.values()):
        _need_act(ask, _("None of the kinds in {header} is plainly an act of the terms.").format(header=repr(table.columns["act"])), ids)  # fmt: skip
    return (*known.items(), *((word, act) for word, act in told.items() if word not in known)), None


def _need_act(ask: Asker, what: str, ids: Sequence[str], *, column: bool = False) -> None:
    flag = _("--word 'KIND=ACT' for each kind that is one, or --word '*={act}' where every row is").format(act=ids[0])  # fmt: skip
    if column:
        flag = _("--column act=HEADER, or --word '*={act}' where every row is that act").format(act=ids[0])
    if ask.accept:
        ask.need(what, flag)
    else:
        print_lines(["  " + _("{what} No row will count as one; {flag} tells.").format(what=what, flag=flag)])


def _note_strange(told: dict[str, str], words: Words, *, flag: str) -> None:
    """A word that was given and is nowhere in the file is often misspelt."""
    there = {word for word, _n in words}
    for word in told:
        if word not in there:
            print_lines(["  " + _("{flag}: no row says {word}").format(flag=flag, word=repr(word))])


def _show_taken(words: Words, known: dict[str, str], things: Sequence[NamedThing], *, none: str) -> None:
    names = {thing.id: thing.name for thing in things}
    for word, n in words[:MOST_ASKED]:
        meaning = names[known[word]] if known[word] else none
        print_lines(["  " + _("{kind} (rows: {n})").format(kind=word, n=n) + f" → {meaning}"])
    hidden = words[MOST_ASKED:]
    if hidden:
        n_some = len([word for word, _n in hidden if known[word]])
        print_lines(["  " + _("and rarer ones: {kinds}, of which {taken} have a meaning").format(kinds=len(hidden), taken=n_some)])  # fmt: skip


def offer_accused(ask: Asker, table: SniffedTable, parties: Sequence[NamedThing]) -> str:
    """The header of the column that says who acted, where none was recognised; empty for none.

    Proposed is none: a column of names may as well say who was struck, or who reported.
    """
    if table.adapter != "table":
        return ""
    names = [(party.id, party.name) for party in parties]
    for header in table.unused:
        if any(alike_party(word, names) for word, _n in table.few.get(header, ())):
            print_lines(["  " + _("The column {header} names parties. If it says who acted: --column 'accused_party_id={header}'").format(header=header)])  # fmt: skip
    if ask.accept or not table.unused:
        return ""
    question = _("Column that says who acted, by the record (-: none)")
    return ask.read(question, None, one_of(table.unused, or_nothing=True), flag="--column accused_party_id=HEADER", proposal="-")  # fmt: skip


def ask_actors(
    ask: Asker, table: SniffedTable, parties: Sequence[NamedThing], given: Given
) -> tuple[tuple[str, str], ...]:
    """Which name in the column of who acted is which party; who is none of them accuses nobody."""
    told = pairs_of(given.actors, "--actor", parties)
    if not table.actors:
        if told:
            ask.need(_("--actor says who is meant, but no column says who acted."), "--column accused_party_id=HEADER")  # fmt: skip
            ask.settle()
        return ()
    _note_strange(told, table.actors, flag="--actor")
    names = [(party.id, party.name) for party in parties]
    known: dict[str, str] = {}
    if not ask.accept and not given.actors:
        print_lines([_("Who acted, as the records say; which party is meant? (-: none of them)")])
    most = MOST_ASKED if table.adapter == "table" else MOST_OF_A_SET
    for place, (actor, n) in enumerate(table.actors):
        rare = table.adapter != "table" and place >= most
        alike = "" if rare else alike_party(actor, names) or ""
        if actor in told:
            known[actor] = told[actor]
        elif given.actors or place >= most:
            known[actor] = alike
        else:
            question = "  " + _("{kind} (rows: {n})").format(kind=actor, n=n)
            known[actor] = ask.read(question, None, thing_of(parties, or_nothing=True), flag=f"--actor '{actor}=PARTY'", proposal=alike or "-")  # fmt: skip
    if ask.accept or given.actors:
        _show_taken(table.actors, known, parties, none=_("nobody"))
    if not any(known.values()):
        print_lines(["  " + _("No name was taken for a party: the records name no party (--actor 'NAME=PARTY').")])  # fmt: skip
    return tuple(known.items())
