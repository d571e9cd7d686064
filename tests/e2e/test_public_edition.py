"""The public edition of a whole run: nothing of the mission's own sources is in any file that leaves it."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from truceline.base.errors import CaseError, InputError, OutputError
from truceline.faces.cli.main import app
from truceline.release.register import read_register
from truceline.workflow.case import open_case
from truceline.workflow.demo import run_demo
from truceline.workflow.verify import verify

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edition")
    run_demo(folder / "demo", pdf=False)
    return folder / "demo"


@pytest.fixture(scope="module")
def public(mission: Path) -> Path:
    out = mission.parent / "public"
    verify(mission / "case", data=None, out=out, pdf=False, edition="public")
    return out


def own_words(case: Path) -> list[str]:
    """Ids, titles and file names of sources that may not be told one by one."""
    own = [entry for entry in open_case(case).file.sources if entry.grade == "hard" or entry.mechanism]
    files = [name for entry in own for name in entry.files]
    return [*(f'"{entry.id}"' for entry in own), *(entry.title for entry in own), *files]


def test_no_file_names_a_source_of_the_mission(mission: Path, public: Path) -> None:
    words = own_words(mission / "case")
    assert len(words) > 6
    for path in public.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert [word for word in words if word.encode() in content] == [], path.name


def test_no_incident_is_told_finer_than_a_cell(mission: Path, public: Path) -> None:
    told = pq.read_table(public / "tables" / "incidents.parquet").to_pylist()
    known = pq.read_table(mission / "result" / "tables" / "incidents.parquet").to_pylist()
    assert told
    places = {(row["longitude_deg"], row["latitude_deg"]) for row in known}
    assert not places & {(row["longitude_deg"], row["latitude_deg"]) for row in told if row["longitude_deg"]}
    assert not {row["incident_id"] for row in known} & {row["incident_id"] for row in told}
    assert all(row["observation_ids"] == [] for row in told)


def test_one_bound_for_each_act_and_none_for_a_part(public: Path) -> None:
    findings = json.loads((public / "findings.json").read_text(encoding="utf-8"))["findings"]
    with_bound = [one for one in findings if one["bound_history_hi95"] is not None]
    assert with_bound
    assert {one["area_id"] for one in with_bound} == {"tern_coast"}
    by_act: dict[str, set[float]] = {}
    for one in with_bound:
        by_act.setdefault(one["obligation_id"], set()).add(one["bound_history_hi95"])
        assert one["bound_evader_hi95"] is None
    assert all(len(values) == 1 for values in by_act.values())


def test_the_same_release_twice_is_the_same_bytes(mission: Path, public: Path) -> None:
    again = mission.parent / "again"
    register = mission.parent / "public.released.jsonl"
    verify(mission / "case", data=None, out=again, pdf=False, edition="public", register=register)
    for name in ("findings.json", "report.html", "tables/incidents.parquet"):
        assert (public / name).read_bytes() == (again / name).read_bytes()


def test_no_finding_counts_incidents_by_the_area_that_they_truly_lie_in(mission: Path, public: Path) -> None:
    # set beside the cells, such a count says on which side of the area's edge an incident lies
    counted = [
        reason
        for one in json.loads((public / "findings.json").read_text(encoding="utf-8"))["findings"]
        for reason in (*one["details"]["reasons"], *(item["reason"] for item in one["details"]["evidence"]))
        if reason["code"] in ("incident_attributed", "not_attributable")
    ]
    assert counted
    assert not [reason["text"] for reason in counted if any(sign.isdigit() for sign in reason["text"])]
    html = (public / "report.html").read_text(encoding="utf-8")
    assert "attributed to this party" not in html
    assert "attributed to this party" in (mission / "result" / "report.html").read_text(encoding="utf-8")


def test_how_far_the_missions_observation_fell_is_told_of_the_whole_line_alone(public: Path) -> None:
    # from one release to the next, it would say on which days something lay in an area
    findings = json.loads((public / "findings.json").read_text(encoding="utf-8"))["findings"]
    told: dict[bool, list[float | None]] = {True: [], False: []}
    for one in findings:
        whole = one["area_id"] == "tern_coast"
        own = [e for e in one["details"]["evidence"] if e["reason"]["source_ids"] == ["mission"]]
        told[whole] += [e["ratio"] for e in own]
        if not whole:
            assert one["effect_ratio"] is None
            assert one["e_value"] is None
    assert any(told[True])
    assert told[False]
    assert not any(told[False])


def test_maps_and_claims_of_the_mission_are_not_told(mission: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    shutil.copytree(mission / "case", case)
    text = (case / "case.yaml").read_text(encoding="utf-8")
    for name in ("map_regular", "claims", "hotline"):
        text = text.replace(f"- id: {name}\n", f"- id: {name}\n    mechanism: true\n", 1)
    (case / "case.yaml").write_text(text, encoding="utf-8")
    verify(case, data=None, out=tmp_path / "out", pdf=False, edition="public")
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    assert [one["source_id"] for one in document["line"]["maps"]] == ["map_stale"]
    assert document["claims"] == []
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            assert b"map_regular" not in path.read_bytes(), path.name
    for name in ("claims", "counts", "ledger", "control"):
        told = pq.read_table(tmp_path / "out" / "tables" / f"{name}.parquet")["source_id"].to_pylist()
        assert not {"map_regular", "claims", "hotline"} & set(told)


def test_a_release_never_begins_anew_beside_an_earlier_one(mission: Path, tmp_path: Path) -> None:
    def release(name: str, **more: Path) -> None:
        verify(mission / "case", data=None, out=tmp_path / name, pdf=False, edition="public", **more)

    release("one")
    register = tmp_path / "one.released.jsonl"
    with pytest.raises(InputError, match="released before"):
        release("two")
    release("two", register=register)
    register.unlink()
    with pytest.raises(InputError, match="released before"):
        release("one")
    assert (tmp_path / "one" / "report.html").is_file()


def test_a_register_that_begins_is_told_once_and_even_to_the_quiet(mission: Path, tmp_path: Path) -> None:
    flags = [
        "verify",
        str(mission / "case"),
        "--edition",
        "public",
        "--no-pdf",
        "--out",
        str(tmp_path / "one"),
    ]
    begun, gone_on = (CliRunner().invoke(app, [*flags, "--quiet"]) for _ in range(2))
    register = tmp_path / "one.released.jsonl"
    assert f"A register of what is released begins here: {register}." in begun.stderr
    assert begun.stdout == gone_on.stdout == f"{tmp_path / 'one' / 'report.html'}\n"
    assert "register" not in gone_on.stderr
    # another folder, and no earlier release beside it: nobody but the reader can know of one
    elsewhere = CliRunner().invoke(app, [*flags[:-1], str(tmp_path / "far" / "two"), "--json"])
    assert json.loads(elsewhere.stdout)["register_begun"] == str(tmp_path / "far" / "two.released.jsonl")


def test_of_two_releases_at_once_each_knows_what_the_other_tells(mission: Path, tmp_path: Path) -> None:
    register = tmp_path / "register.jsonl"

    def release(day: int) -> Path:
        case = tmp_path / f"case-{day}"
        shutil.copytree(mission / "case", case)
        text = (case / "case.yaml").read_text(encoding="utf-8")
        text = text.replace("as_of: '2031-04-11'", f"as_of: '2031-04-{day:02d}'")
        (case / "case.yaml").write_text(text, encoding="utf-8")
        out = tmp_path / f"out-{day}"
        verify(case, data=None, out=out, pdf=False, edition="public", register=register)
        return out / "tables" / "incidents.parquet"

    with ThreadPoolExecutor(max_workers=2) as pool:
        one, other = (pq.read_table(path).to_pylist() for path in pool.map(release, (10, 11)))
    days = {row["occurred_from"] for row in one} & {row["occurred_from"] for row in other}
    assert days
    ids = [{row["incident_id"] for row in rows if row["occurred_from"] in days} for rows in (one, other)]
    assert ids[0] == ids[1]
    assert {row["incident_id"] for row in other} <= {row["incident_id"] for row in read_register(register).rows}  # fmt: skip


def test_a_public_edition_never_goes_where_the_mission_edition_lies(mission: Path, tmp_path: Path) -> None:
    out = tmp_path / "mixed"
    verify(mission / "case", data=None, out=out, pdf=False, edition="mission")
    with pytest.raises(OutputError, match="another edition"):
        verify(mission / "case", data=None, out=out, pdf=False, edition="public")


def test_a_case_for_the_mission_alone_is_not_released_in_full(mission: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    shutil.copytree(mission / "case", case)
    text = (case / "case.yaml").read_text(encoding="utf-8")
    text = text.replace("edition: public_full", "edition: mission")
    (case / "case.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match="may not be released"):
        verify(case, data=None, out=tmp_path / "out", pdf=False, edition="public_full")


def test_a_guess_at_the_missions_files_cannot_be_tested_by_what_is_released(mission: Path, tmp_path: Path) -> None:  # fmt: skip
    """Two cases that differ in the bytes of the mission's own files alone are released as the same bytes."""
    own = [
        entry
        for entry in open_case(mission / "case").file.sources
        if entry.grade == "hard" or entry.mechanism
    ]
    changed = 0
    releases: dict[str, dict[str, bytes]] = {}
    for name in ("true", "guessed"):
        case = tmp_path / name / "case"
        shutil.copytree(mission / "case", case)
        for path in (path for entry in own if name == "guessed" for path in case.glob(entry.files[0])):
            if path.suffix == ".csv":  # a blank line is no row
                path.write_bytes(path.read_bytes() + b"\n")
                changed += 1
        out = tmp_path / name / "public"
        verify(case, data=None, out=out, pdf=False, edition="public")
        releases[name] = {
            str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
        }
    assert changed
    assert releases["true"] == releases["guessed"]
    (head,) = [json.loads(line) for line in releases["true"]["manifest.jsonl"].splitlines() if b'"kind":"run"' in line]  # fmt: skip
    assert not [key for key in head if "case_" in key]


def test_a_release_that_tells_something_else_has_another_name(
    mission: Path, public: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    shutil.copytree(mission / "case", case)
    text = (case / "case.yaml").read_text(encoding="utf-8")
    assert "as_of: '2031-04-11'" in text
    text = text.replace("as_of: '2031-04-11'", "as_of: '2031-04-10'")
    (case / "case.yaml").write_text(text, encoding="utf-8")
    verify(case, data=None, out=tmp_path / "out", pdf=False, edition="public")
    names = [
        json.loads((out / "findings.json").read_text(encoding="utf-8"))["run_id"]
        for out in (public, tmp_path / "out")
    ]
    assert len(set(names)) == 2
