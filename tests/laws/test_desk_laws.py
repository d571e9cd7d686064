"""Who sees what of orders and declarations; and that exchanging the parties exchanges everything."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from fixtures_desk import CASE, copied_case, moment
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.base.errors import CaseError
from truceline.desk.orders import read_register
from truceline.faces.cli.main import run
from truceline.reports.findings_schema import findings_schema
from truceline.workflow.declarations import check_declarations
from truceline.workflow.desk_files import open_party, terms_of
from truceline.workflow.orders import PublicCount, print_sheet
from truceline.workflow.verify import verify

AT = moment("16 00:00")


def editions_of(case: Path, reader: str, folder: Path) -> bytes:
    """All that a reader can get of orders and declarations, as bytes."""
    page = folder / f"{reader}.html"
    sheet = print_sheet(case, at=AT, reader=reader, page=page)
    told = [json.dumps(sheet.as_dict()).encode(), "\n".join(sheet.lines()).encode()]
    if page.exists():
        told.append(page.read_bytes())
    if reader != "public":
        found = check_declarations(case, at=AT, reader=reader)
        told += [json.dumps(found.as_dict(), default=str).encode(), "\n".join(found.lines()).encode()]
    return b"\n".join(told)


def without_b(case: Path) -> None:
    for path in (case / "desk").glob("B.*"):
        path.unlink()
    (case / "desk" / "mission.inspections.jsonl").unlink()


def broken_b(case: Path) -> None:
    for path in (case / "desk").glob("B.*"):
        path.write_text("not what it was: group-b-77")
    (case / "desk" / "mission.inspections.jsonl").write_text("{}\n")


def fewer_of_b(case: Path) -> None:
    for path in (case / "desk").glob("B.*.jsonl"):
        path.write_text(path.read_text().splitlines()[0] + "\n")


@pytest.mark.parametrize("change", [without_b, broken_b, fewer_of_b])
def test_nothing_of_the_other_party_or_the_mission_moves_a_byte_of_a_partys_edition(tmp_path: Path, change: object) -> None:  # fmt: skip
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    whole = editions_of(copied_case(tmp_path / "one"), "A", tmp_path / "one")
    assert editions_of(copied_case(tmp_path / "two", change=change), "A", tmp_path / "two") == whole  # type: ignore[arg-type]  # a function of the folder


def test_the_bytes_of_one_edition_never_hold_anothers(tmp_path: Path) -> None:
    case = copied_case(tmp_path)
    own = {party: editions_of(case, party, tmp_path) for party in ("A", "B")}
    mission, public = editions_of(case, "mission", tmp_path), editions_of(case, "public", tmp_path)
    for party, other in (("A", "b"), ("B", "a")):
        for word in (f"group-{other}", f"command-{other}", f"liaison-{other}", f"cease-{other}", f"belt-{other}"):  # fmt: skip
            assert word.encode() not in own[party]
            assert word.encode() in mission
        seen = re.findall(rb"checked were not there|observed: 172", own[party])
        assert seen == []
    assert re.search(rb"group-|command-|liaison-|cease-|belt-|sector-\d|[0-9a-f]{64}", public) is None


def test_the_public_gets_a_count_late_or_nothing(tmp_path: Path) -> None:
    case = copied_case(tmp_path)
    early = print_sheet(case, at=moment("05 12:00"), reader="public")
    late = print_sheet(case, at=moment("08 12:00"), reader="public")
    assert isinstance(early, PublicCount)
    assert isinstance(late, PublicCount)
    # three days must have passed, in whole days: what was known on the second of May
    assert (early.told_until, early.sectors) == (moment("02 00:00"), 0)
    assert late.sectors == 6
    mission = case / "desk" / "mission.yaml"
    mission.write_text(mission.read_text().replace("public: count", "public: nothing"))
    silent = print_sheet(case, at=moment("08 12:00"), reader="public")
    assert isinstance(silent, PublicCount)
    assert silent.sectors is None


def test_the_public_count_does_not_move_with_what_is_too_fresh(tmp_path: Path) -> None:
    case = copied_case(tmp_path)
    before = print_sheet(case, at=moment("06 12:00"), reader="public").as_dict()
    for party in ("A", "B"):  # what was logged on the third of May goes away: nobody may notice
        path = case / "desk" / f"{party}.orders.jsonl"
        kept = [line for line in path.read_text().splitlines() if json.loads(line)["logged_at"] < "2031-05-03"]  # fmt: skip
        path.write_text("".join(f"{line}\n" for line in kept))
    assert print_sheet(case, at=moment("06 12:00"), reader="public").as_dict() == before


def test_the_public_gets_nothing_of_declarations(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["declarations", "check", str(CASE), "--for", "public"]) == 2
    assert "the public gets none" in capsys.readouterr().err


def exchanged(case: Path) -> None:
    """The same case with the parties' roles exchanged: everything that A did, B did, by the same clock."""
    import csv

    from truceline.workflow.declarations import declare
    from truceline.workflow.desk_files import times_from
    from truceline.workflow.orders import say

    desk = case / "desk"
    told = {
        party: {
            "orders": [json.loads(one) for one in (desk / f"{party}.orders.jsonl").read_text().splitlines()],
            "declared": [json.loads(one) for one in (desk / f"{party}.declarations.jsonl").read_text().splitlines()],
        }
        for party in ("A", "B")
    }  # fmt: skip
    holdings = desk / "holdings.yaml"
    text = holdings.read_text().replace("belt-a-near", "belt-x-near")
    text = text.replace("belt-a,", "@").replace("belt-b,", "belt-a,").replace("@", "belt-b,").replace("within: belt-a}", "within: belt-b}")  # fmt: skip
    text = text.replace("party: A", "@").replace("party: B", "party: A").replace("@", "party: B")
    holdings.write_text(text.replace("belt-x-near", "belt-b-near"))
    for party in ("A", "B"):
        (desk / f"{party}.orders.jsonl").unlink()
        (desk / f"{party}.declarations.jsonl").unlink()
    for party, other in (("A", "B"), ("B", "A")):
        for line in told[party]["orders"]:
            record = line["record"]
            say(case, record["action"], swapped(record["order"]), by=swapped(record["by"]), key_file=case / "keys" / f"{swapped(line['key'])}.key", times=times_from(record["said_at"], line["received_at"], line["logged_at"]), reason=record.get("reason"))  # fmt: skip
        groups: dict[tuple[str, str], list[dict[str, object]]] = {}
        for line in told[party]["declared"]:
            groups.setdefault((line["record"]["said_at"], line["record"]["by"]), []).append(line["record"])
        for (said_at, by), records in groups.items():
            table = case / f"rows-{other}.csv"
            columns = ["kind", "subject", "holding", "quantity", "area", "to_area", "group", "as_of", "starts_at", "stops_at"]  # fmt: skip
            with table.open("w", newline="") as stream:
                rows = csv.DictWriter(stream, columns)
                rows.writeheader()
                rows.writerows({name: swapped(str(one[name])) if name in one else "" for name in columns} for one in records)  # fmt: skip
            declare(case, table, by=swapped(by), key_file=case / "keys" / f"{swapped(by)}.key", times=times_from(said_at, None, None))  # fmt: skip


def swapped(text: str) -> str:
    """``group-a-1`` → ``group-b-1``, ``belt-b`` → ``belt-a``."""
    return re.sub(r"(?<=-)([ab])(?=-|$)", lambda found: {"a": "b", "b": "a"}[found[1]], text)


def test_exchanging_the_parties_exchanges_the_editions(tmp_path: Path) -> None:
    straight, crossed = copied_case(tmp_path / "one"), copied_case(tmp_path / "two", change=exchanged)
    for party, other in (("A", "B"), ("B", "A")):
        one = print_sheet(straight, at=AT, reader=party).as_dict()
        two = print_sheet(crossed, at=AT, reader=other).as_dict()
        assert [{**line, "party": ""} for line in one["lines"]] == [json.loads(swapped_json(line)) for line in two["lines"]]  # fmt: skip
        found, mirrored = (check_declarations(case, at=AT, reader=who).as_dict() for case, who in ((straight, party), (crossed, other)))  # fmt: skip
        for key in ("differences", "balances"):
            assert [{**row, "party": ""} for row in found[key]] == [json.loads(swapped_json(row)) for row in mirrored[key]]  # fmt: skip


def swapped_json(row: dict[str, object]) -> str:
    return json.dumps(json.loads(json.dumps({**row, "party": ""}), object_hook=lambda one: {k: swapped(v) if isinstance(v, str) and k != "at" else v for k, v in one.items()}))  # fmt: skip


def test_verify_tells_of_orders_to_the_mission_alone(tmp_path: Path) -> None:
    case = copied_case(tmp_path)
    mission = verify(case, data=None, out=tmp_path / "mission", pdf=False)
    public = verify(case, data=None, out=tmp_path / "public", pdf=False, edition="public")
    found = json.loads(mission.findings.read_text())["order_worth"]
    assert found["differs"]
    assert found["ratio_hi95"] < 0.5
    assert (mission.out / "tables" / "acknowledgements.parquet").exists()
    assert "What the order was worth" in mission.report_html.read_text()
    told = b"".join(path.read_bytes() for path in sorted(public.out.rglob("*")) if path.is_file())
    for word in (b"order_worth", b"What the order was worth", b"group-a", b"cease-a", b"desk/", b"belt-"):
        assert word not in told
    # and what the desk holds moves nothing of the public edition
    shutil.rmtree(case / "desk")
    again = verify(case, data=None, out=tmp_path / "again" / "public", pdf=False, edition="public")
    assert again.findings.read_bytes() == public.findings.read_bytes()
    assert again.report_html.read_bytes() == public.report_html.read_bytes()


@pytest.mark.parametrize("reader", ["mission", "public"])
def test_a_partys_copy_makes_no_edition_of_the_missions(tmp_path: Path, reader: str) -> None:
    def change(case: Path) -> None:
        without_b(case)
        (case / "desk" / "mission.yaml").unlink()

    case = copied_case(tmp_path, change=change)
    assert print_sheet(case, at=AT).as_dict()["reader"] == "A"
    with pytest.raises(CaseError, match="not the mission's"):
        print_sheet(case, at=AT, reader=reader)
    assert run(["declarations", "check", str(case), "--for", reader]) in (2, 3)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_done_to_a_register_no_altered_line_counts(data: st.DataObject) -> None:
    """Any bytes are read; what counts are lines that were signed as they stand, each once."""
    truce = terms_of(CASE)
    file = open_party(CASE, truce, "A")
    whole = (CASE / "desk" / "A.orders.jsonl").read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.sampled_from(["cut", "put", "flip", "twice"]))
    if change == "cut":
        altered = whole[:place] + whole[place + data.draw(st.integers(1, 200)) :]
    elif change == "put":
        altered = whole[:place] + data.draw(st.binary(min_size=1, max_size=20)) + whole[place:]
    elif change == "flip":
        altered = whole[:place] + bytes([whole[place] ^ (1 << data.draw(st.integers(0, 7)))]) + whole[place + 1 :]  # fmt: skip
    else:
        altered = whole + whole
    signed = {json.dumps(json.loads(line)["record"], sort_keys=True) for line in whole.splitlines()}
    found = read_register(altered, file, label="case:desk/A.orders.jsonl")
    told = [json.dumps(one.record.model_dump(exclude_none=True), sort_keys=True) for one in found.lines]
    assert set(told) <= signed
    assert len(told) == len(set(told))
    lines = {number for number, line in enumerate(altered.split(b"\n"), 1) if line.strip()}
    assert lines == {one.line for one in found.lines} | {problem.row for problem in found.problems}


def test_the_missions_findings_hold_to_their_schema(tmp_path: Path) -> None:
    import jsonschema

    case = copied_case(tmp_path)
    path = case / "desk" / "B.orders.jsonl"
    path.write_bytes(path.read_bytes() + b"torn\n")
    for name in ("A.orders.jsonl", "B.orders.jsonl"):  # without group 2 on both sides: too few sectors
        text = (case / "desk" / name).read_text().splitlines()
        (case / "desk" / name).write_text("\n".join(one for one in text if "group-a-1" not in one and "group-b-2" not in one) + "\n")  # fmt: skip
    made = verify(case, data=None, out=tmp_path / "out", pdf=False)
    found = json.loads(made.findings.read_text())
    jsonschema.validate(found, findings_schema())
    assert (found["order_worth"]["cannot_tell"], found["order_worth"]["put_aside"]) == ("too_few_parts", 1)
    assert "cannot tell (fewer than 3 sectors" in made.report_html.read_text()
