"""Laws of names: every listed spelling means the same, what is ambiguous is never resolved, disputes survive."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import box

from truceline.base.errors import InputError
from truceline.places.disputed import DisputedArea, NamedShape, find_assignments
from truceline.places.gazetteer import Entry, Gazetteer, NamedArea
from truceline.places.locate import LocateReport, locate
from truceline.places.names import _key_by_rule, key_of
from truceline.places.read import read_geonames, read_places
from truceline.places.resolution import Area, Name, Place
from truceline.places.scripts import SYSTEMS, romanised
from truceline.schema import OBSERVATIONS
from truceline.schema.table import Record, Table

# invented towns: names of several scripts for one place each
TOWN = Entry(name="Verkhnia Yaruha", other_names=("Верхня Яруга", "Верхняя Яруга", "فيرخنيا", "वेरखन्या"), longitude_deg=10.0, latitude_deg=50.0, kind="town")  # fmt: skip
PORT = Entry(name="Zhovtyi Mys", other_names=("Жовтий Мис", "Жёлтый Мыс"), longitude_deg=11.0, latitude_deg=50.0, kind="city")  # fmt: skip
FAR = Entry(name="Farhold", longitude_deg=60.0, latitude_deg=10.0)
REGION = (9.0, 49.0, 13.0, 52.0)
HERE = Gazetteer(entries=[TOWN, PORT, FAR], region=REGION)

words = st.text(alphabet="абвгдеєжзиіїйклмнопрстуфхцчшщьюяґ", min_size=4, max_size=12).filter(
    lambda word: len(key_of(word)) >= 4
)


def found(gazetteer: Gazetteer, name: str, **how: object) -> Place | Area | Name:
    return gazetteer.resolve(name, **how).found  # type: ignore[arg-type]  # as the test says


@pytest.mark.parametrize("entry", [TOWN, PORT])
def test_every_listed_spelling_means_the_same_place(entry: Entry) -> None:
    places = {found(HERE, name) for name in (entry.name, *entry.other_names)}
    assert len(places) == 1
    (place,) = places
    assert isinstance(place, Place)
    assert (place.longitude_deg, place.latitude_deg) == (entry.longitude_deg, entry.latitude_deg)


@pytest.mark.parametrize("entry", [TOWN, PORT])
@pytest.mark.parametrize(
    "write",
    [
        str.upper,
        str.lower,
        lambda name: name.replace(" ", "-"),
        lambda name: name.replace(" ", "  "),
        lambda name: f" {name}. ",
        lambda name: f"с. {name}",
        lambda name: f"м.{name}",
        lambda name: f"village of {name}",
        lambda name: f"the town of {name}",
        lambda name: f"пгт {name}",
    ],
)
def test_how_a_name_is_written_does_not_matter(entry: Entry, write: object) -> None:
    for name in (entry.name, *entry.other_names[:2]):
        assert found(HERE, write(name)) == found(HERE, entry.name)  # type: ignore[operator]  # see the list


@given(name=words)
def test_a_name_listed_in_cyrillic_is_found_by_each_romanisation(name: str) -> None:
    gazetteer = Gazetteer(entries=[Entry(name=name, longitude_deg=1.0, latitude_deg=2.0)])
    for latin in romanised(name):
        if key_of(latin):
            assert isinstance(found(gazetteer, latin), Place), latin
            assert found(gazetteer, latin.upper()) == found(gazetteer, name)


@given(name=words)
def test_a_name_listed_in_latin_is_found_in_cyrillic(name: str) -> None:
    for latin in romanised(name):
        if key_of(latin):
            gazetteer = Gazetteer(entries=[Entry(name=latin, longitude_deg=1.0, latitude_deg=2.0)])
            assert isinstance(found(gazetteer, name), Place)


@pytest.mark.parametrize("sign", ["'", "’", "ʼ", "`", "′", "ʹ", ""])
def test_apostrophes_do_not_matter(sign: str) -> None:
    gazetteer = Gazetteer(entries=[Entry(name="Mar’ivka", longitude_deg=1.0, latitude_deg=2.0)])
    assert isinstance(found(gazetteer, f"Mar{sign}ivka"), Place)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        # examples of the resolution of 2010 and of the standards, whole words
        ("Щастя", {"Ukrainian national 2010": "shchastia", "Ukrainian BGN/PCGN 1965": "shchastya", "ISO 9:1995": "ŝastâ"}),
        ("Єнакієве", {"Ukrainian national 2010": "yenakiieve", "Ukrainian BGN/PCGN 1965": "yenakiyeve"}),
        ("Їжакевич", {"Ukrainian national 2010": "yizhakevych"}),
        ("Згорани", {"Ukrainian national 2010": "zhorany"}),
        ("Ельня", {"Russian BGN/PCGN 1947": "yelnya", "Russian passports (ICAO 9303)": "elnia"}),
        ("Подъячев", {"Russian BGN/PCGN 1947": "podyachev", "Russian passports (ICAO 9303)": "podieiachev"}),
    ],
)  # fmt: skip
def test_the_systems_write_as_they_say(name: str, written: dict[str, str]) -> None:
    by_name = {system.name: system for system in SYSTEMS}
    for system, latin in written.items():
        assert by_name[system].write(name.casefold()) == latin


def test_spellings_that_are_alike_meet_only_where_nothing_is_written_so() -> None:
    one = Entry(name="Zaporia", longitude_deg=10.0, latitude_deg=50.0)
    other = Entry(name="Zaporya", longitude_deg=11.0, latitude_deg=50.0)
    alone, both = Gazetteer(entries=[one]), Gazetteer(entries=[one, other])
    assert alone.resolve("Zaporya").how == "alike"
    assert both.resolve("Zaporya").how == "listed"
    assert found(both, "Zaporya").longitude_deg == 11.0  # type: ignore[union-attr]  # a place, or it fails
    assert isinstance(found(both, "Zapporja"), Name)


@given(
    lon=st.floats(9.5, 12.5),
    lat=st.floats(49.5, 51.5),
    people=st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)),
)
def test_what_fits_two_places_is_never_resolved(lon: float, lat: float, people: tuple[int, int]) -> None:
    one = Entry(name="Ivanka", longitude_deg=9.2, latitude_deg=49.2, population=people[0])
    two = Entry(name="Іванка", longitude_deg=lon, latitude_deg=lat, population=people[1])
    for entries in permutations([one, two]):
        gazetteer = Gazetteer(entries=entries, region=REGION)
        for asked in ("Ivanka", "Іванка", "near Ivanka", "с. Іванка"):
            name = found(gazetteer, asked)
            assert isinstance(name, Name)
            assert name.why == "ambiguous"
            assert len(name.candidates) == 2


def test_one_candidate_within_the_region_is_enough() -> None:
    inside = Entry(name="Twin", longitude_deg=10.0, latitude_deg=50.0)
    outside = Entry(name="Twin", longitude_deg=60.0, latitude_deg=10.0, population=10**6)
    place = found(Gazetteer(entries=[outside, inside], region=REGION), "Twin")
    assert isinstance(place, Place)
    assert place.longitude_deg == 10.0
    name = found(HERE, "Farhold")
    assert isinstance(name, Name)
    assert name.why == "outside"
    assert isinstance(found(Gazetteer(entries=[outside, inside]), "Twin"), Name)


def test_the_case_may_decide_what_a_bare_name_means() -> None:
    entries = [
        Entry(name="Twin", longitude_deg=10.0, latitude_deg=50.0),
        Entry(name="Twin", longitude_deg=12.0, latitude_deg=50.0, preferred=True),
    ]
    for order in permutations(entries):
        place = found(Gazetteer(entries=order, region=REGION), "Twin")
        assert isinstance(place, Place)
        assert place.longitude_deg == 12.0
    both = [entries[1], Entry(name="Twin", longitude_deg=11.0, latitude_deg=50.0, preferred=True)]
    assert isinstance(found(Gazetteer(entries=both), "Twin"), Name)


def test_what_is_ambiguous_is_told_with_what_would_settle_it() -> None:
    entries = [Entry(name="Twin", longitude_deg=lon, latitude_deg=50.0) for lon in (10.0, 12.0)]
    report = LocateReport()
    locate(observations({"place_name": "Twin"}, {"place_name": "Twin"}), Gazetteer(entries=entries), report=report)  # fmt: skip
    (problem,) = report.problems()
    assert problem.code == "place_ambiguous"
    assert problem.message.startswith("2 records")
    assert "Twin (12.000, 50.000)" in problem.expected


def test_something_near_chooses_between_two() -> None:
    entries = [
        Entry(name="Twin", longitude_deg=10.0, latitude_deg=50.0),
        Entry(name="Twin", longitude_deg=12.0, latitude_deg=50.0),
    ]
    gazetteer = Gazetteer(entries=entries, region=REGION)
    place = found(gazetteer, "Twin", near=(12.1, 50.1))
    assert isinstance(place, Place)
    assert place.longitude_deg == 12.0
    assert isinstance(found(gazetteer, "Twin", near=(11.0, 51.5)), Name)


def test_rows_of_one_place_are_one() -> None:
    rows = [
        Entry(name="Twin", longitude_deg=10.0, latitude_deg=50.0),
        Entry(name="Twin", longitude_deg=10.001, latitude_deg=50.001),
    ]
    assert isinstance(found(Gazetteer(entries=rows), "Twin"), Place)


def test_a_renamed_town_is_found_by_both_names_and_each_in_its_time() -> None:
    change = datetime(2016, 5, 12, tzinfo=UTC)
    old = Entry(name="Redtown", longitude_deg=10.0, latitude_deg=50.0, valid_until=change)
    new = Entry(name="Newtown", longitude_deg=10.0, latitude_deg=50.0, valid_from=change)
    # another place took the name that the first one gave up
    other = Entry(name="Redtown", longitude_deg=12.0, latitude_deg=50.0, valid_from=change)
    gazetteer = Gazetteer(entries=[old, new, other], region=REGION)
    before, after = datetime(2014, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    assert found(gazetteer, "Redtown", at=before).longitude_deg == 10.0  # type: ignore[union-attr]  # a place, or it fails
    assert found(gazetteer, "Redtown", at=after).longitude_deg == 12.0  # type: ignore[union-attr]  # likewise
    assert isinstance(found(gazetteer, "Redtown"), Name)
    late = Gazetteer(entries=[old, new]).resolve("Redtown", at=after)
    assert isinstance(late.found, Place)
    assert late.out_of_time
    assert not Gazetteer(entries=[old, new]).resolve("Newtown", at=after).out_of_time


@pytest.mark.parametrize(
    ("asked", "at_least_m"),
    [
        ("near Zhovtyi Mys", 5_000),
        ("північніше Жовтий Мис", 15_000),
        ("north of Zhovtyi Mys", 15_000),
        ("north of the village of Zhovtyi Mys", 15_000),
        ("40 km north of Zhovtyi Mys", 28_000),
        ("40,5 км от Жёлтый Мыс", 28_000),
    ],
)
def test_an_offset_is_not_followed_but_widens(asked: str, at_least_m: float) -> None:
    exact, wide = found(HERE, "Zhovtyi Mys"), HERE.resolve(asked)
    assert isinstance(exact, Place)
    assert isinstance(wide.found, Place)
    assert (wide.found.longitude_deg, wide.found.latitude_deg) == (exact.longitude_deg, exact.latitude_deg)
    assert wide.found.position_sd_m >= math.hypot(exact.position_sd_m, at_least_m)
    assert wide.near


@pytest.mark.parametrize("asked", ["North Ossa", "In Ossa", "East Ossa Town"])
def test_a_name_that_begins_like_an_offset_is_a_name(asked: str) -> None:
    entries = [
        Entry(name=asked, longitude_deg=10.0, latitude_deg=50.0),
        Entry(name="Ossa", longitude_deg=12.0, latitude_deg=50.0),
    ]
    place = found(Gazetteer(entries=entries), asked)
    assert isinstance(place, Place)
    assert place.longitude_deg == 10.0
    other = found(Gazetteer(entries=entries[1:]), "North Ossa")
    assert isinstance(other, Name)


@pytest.mark.parametrize(
    "asked", ["Zhovtyi Mys oblast", "Zhovtyi Mys district", "область Жовтий Мис", "Zhovtyi Mys direction"]
)
def test_a_division_is_never_its_chief_town(asked: str) -> None:
    name = found(HERE, asked)
    assert isinstance(name, Name)
    assert name.why == "division"
    area = NamedArea(area_id="zm", names=("Zhovtyi Mys oblast", asked))
    assert found(Gazetteer(entries=[PORT], areas=[area]), asked) == Area(area_id="zm", name="Zhovtyi Mys oblast")  # fmt: skip


def test_a_town_and_the_area_around_it_of_one_name_give_the_area() -> None:
    around = NamedArea(area_id="zm", names=("Zhovtyi Mys",), geometry=box(10.5, 49.5, 11.5, 50.5))
    elsewhere = NamedArea(area_id="zm", names=("Zhovtyi Mys",), geometry=box(12, 49.5, 12.5, 50.5))
    without_shape = NamedArea(area_id="zm", names=("Zhovtyi Mys",))
    assert isinstance(found(Gazetteer(entries=[PORT], areas=[around]), "Жовтий Мис"), Area)
    assert isinstance(found(Gazetteer(entries=[PORT], areas=[elsewhere]), "Zhovtyi Mys"), Name)
    assert isinstance(found(Gazetteer(entries=[PORT], areas=[without_shape]), "Zhovtyi Mys"), Name)
    assert isinstance(found(Gazetteer(areas=[without_shape]), "Zhovtyi Mys"), Area)
    assert isinstance(found(Gazetteer(entries=[PORT], areas=[without_shape]), "Zhovtyi Mys", kind="city"), Place)  # fmt: skip
    assert isinstance(found(Gazetteer(entries=[PORT], areas=[without_shape]), "Zhovtyi Mys", kind="area"), Area)  # fmt: skip


# -- disputed territory --------------------------------------------------------------------------
CLAIMED = DisputedArea(area_id="cape", name="Cape", claimants=("A", "B"), basis="resolution 1", geometry=box(10.5, 49.5, 11.5, 50.5))  # fmt: skip


@pytest.mark.parametrize(
    "asked", ["Zhovtyi Mys", "Жовтий Мис", "Жёлтый Мыс", "near Zhovtyi Mys", "ZHOVTYI-MYS"]
)
def test_a_dispute_survives_every_spelling(asked: str) -> None:
    told = Gazetteer(entries=[TOWN, PORT], disputed=[CLAIMED], region=REGION).resolve(asked)
    assert told.disputed
    assert told.claimants == ("A", "B")
    assert told.basis == "resolution 1"
    assert not Gazetteer(entries=[TOWN, PORT], disputed=[CLAIMED]).resolve("Verkhnia Yaruha").disputed


def test_an_area_in_a_disputed_one_is_disputed() -> None:
    part = NamedArea(area_id="tip", names=("Tip",), geometry=box(10.8, 49.8, 11, 50))
    whole = NamedArea(area_id="cape", names=("Cape",))
    gazetteer = Gazetteer(areas=[part, whole], disputed=[CLAIMED])
    assert gazetteer.resolve("Tip").disputed
    assert gazetteer.resolve("Cape").disputed


def test_swapping_the_claimants_swaps_them_and_nothing_else() -> None:
    swapped = DisputedArea(area_id="cape", name="Cape", claimants=("B", "A"), basis="resolution 1", geometry=CLAIMED.geometry)  # fmt: skip
    one = Gazetteer(entries=[PORT], disputed=[CLAIMED]).resolve("Zhovtyi Mys")
    two = Gazetteer(entries=[PORT], disputed=[swapped]).resolve("Zhovtyi Mys")
    assert one.found == two.found
    assert one.claimants == two.claimants[::-1]


def test_a_map_that_gives_disputed_land_to_somebody_is_told() -> None:
    country = NamedShape(name="Aland", geometry=box(8, 48, 11, 52), file="case:base.geojson")
    beside = NamedShape(name="Bland", geometry=box(11.5, 48, 14, 52))
    own = NamedShape(name="Cape", geometry=CLAIMED.geometry, is_part_of=("cape",))  # type: ignore[arg-type]  # it has a shape
    (found_one,) = find_assignments([country, beside, own], [CLAIMED])
    assert found_one.shape.name == "Aland"
    assert found_one.share == pytest.approx(0.5)
    assert found_one.problem().code == "place_disputed"
    assert "50 %" in found_one.problem().message


# -- records -------------------------------------------------------------------------------------
def observations(*records: Record) -> Table:
    when = datetime(2031, 5, 4, 12, tzinfo=UTC)
    base: Record = {"source_id": "s", "occurred_from": when, "occurred_until": when.replace(hour=13), "acts": {}, "raw_file": "f", "raw_row": 1, "raw_digest": "d"}  # fmt: skip
    return OBSERVATIONS.from_records([{**base, "observation_id": f"o{n}", **record} for n, record in enumerate(records)])  # fmt: skip


def test_records_that_only_name_their_place_get_it_and_keep_the_name() -> None:
    cape = NamedArea(area_id="cape", names=("Cape",))
    gazetteer = Gazetteer(entries=[TOWN, PORT, FAR], areas=[cape], disputed=[CLAIMED], region=REGION)
    before = observations(
        {"place_name": "Жовтий Мис"},
        {"place_name": "Cape"},
        {"place_name": "Nowhere"},
        {"place_name": "Nowhere"},
        {"place_name": "Verkhnia Yaruha", "position_sd_m": 30_000.0},
        {"place_name": "Zhovtyi Mys", "longitude_deg": 1.0, "latitude_deg": 2.0, "position_sd_m": 3.0},
        {"place_name": "Zhovtyi Mys", "area_id": "cape"},
        {"place_name": " "},
        {},
    )
    report = LocateReport()
    after = OBSERVATIONS.check(locate(before, gazetteer, report=report))
    assert after["place_name"].equals(before["place_name"])
    assert after["longitude_deg"].to_pylist() == [11.0, None, None, None, 10.0, 1.0, None, None, None]
    assert after["area_id"].to_pylist() == [None, "cape", None, None, None, None, "cape", None, None]
    assert after["position_sd_m"].to_pylist()[4:6] == [30_000.0, 3.0]
    assert (report.places, report.areas, report.names, report.disputed) == (2, 1, 2, 2)
    notes = " ".join(report.notes())
    assert "Nowhere (2)" in notes
    assert "claimed by A, B (resolution 1)" in notes
    others = [name for name in before.schema.names if name not in ("longitude_deg", "latitude_deg", "position_sd_m", "area_id")]  # fmt: skip
    assert after.select(others).equals(before.select(others))


class Forbidden:
    """A resolver that must not be asked."""

    @property
    def dated(self) -> bool:
        raise AssertionError

    def resolve(self, name: str, *, at: datetime | None = None) -> object:
        raise AssertionError


def test_where_every_record_has_its_place_nobody_is_asked() -> None:
    for records in ([{}, {}], [{"place_name": "x", "longitude_deg": 1.0, "latitude_deg": 2.0}], []):
        before = observations(*records)
        assert locate(before, Forbidden(), report=LocateReport()) is before  # type: ignore[arg-type]  # see the class
    assert LocateReport().notes() == []


def test_an_observer_who_is_placed_is_not_moved_to_the_name() -> None:
    before = observations({"place_name": "Zhovtyi Mys", "observer_longitude_deg": 10.9, "observer_latitude_deg": 50.1})  # fmt: skip
    assert locate(before, HERE, report=LocateReport()) is before


def test_order_of_records_and_of_entries_does_not_matter() -> None:
    names = ["Жовтий Мис", "Farhold", "Verkhnia Yaruha", "Nowhere"]
    want = {
        name: locate(observations({"place_name": name}), HERE, report=LocateReport()).column("longitude_deg")[0].as_py()
        for name in names
    }  # fmt: skip
    back = Gazetteer(entries=[FAR, PORT, TOWN], region=REGION)
    after = locate(observations(*({"place_name": name} for name in names[::-1])), back, report=LocateReport())
    assert after["longitude_deg"].to_pylist() == [want[name] for name in names[::-1]]
    assert isinstance(after, pa.Table)


# -- lists ---------------------------------------------------------------------------------------
def test_a_list_tells_every_fault_and_keeps_the_good_rows(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text(
        "name,longitude,latitude,other_names,kind,area_id,valid_from,valid_until,disputed,claimants,population\n"
        "Good,10,50,Добре; Gut,town,,2016-05-12,,yes,A;B,\n"
        "Area,,,Край,,north,,,,,\n"
        ",10,50,,,,,,,,\n"
        "Half,10,,,,,,,,,\n"
        "High,10,95,,,,,,,,\n"
        "West,x,50,,,,,,,,\n"
        "Maybe,10,50,,,,,,perhaps,,\n"
        "Late,10,50,,,,soon,,,,\n"
        "Many,10,50,,,,,,,,lots\n"
        "Long,10,50,,,,,,,,,,\n",
        encoding="utf-8",
    )
    found_list = read_places(path, label="case:places.csv")
    good, area = found_list.entries
    assert good.other_names == ("Добре", "Gut")
    assert good.claimants == ("A", "B")
    assert good.disputed
    assert area.is_area
    codes = {(problem.row, problem.code) for problem in found_list.problems}
    assert codes >= {(4, "value_missing"), (5, "value_missing"), (6, "place_range"), (7, "value_type"), (8, "value_unknown"), (9, "time_format"), (10, "value_type"), (11, "row_length")}  # fmt: skip


def test_a_list_with_other_headers_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text("town,x,y\nGood,10,50\nFar,60,10\n", encoding="utf-8")
    with pytest.raises(InputError):
        read_places(path, label="l")
    columns = {"name": "town", "longitude": "x", "latitude": "y"}
    read = read_places(path, label="l", columns=columns, region=REGION)
    assert [entry.name for entry in read.entries] == ["Good"]
    assert read.rows_outside == 1


def geonames_row(name: str, lon: float, lat: float, *, feature: str = "P", code: str = "PPL", cc2: str = "", other: str = "") -> str:  # fmt: skip
    return "\t".join(["1", name, name, other, str(lat), str(lon), feature, code, "AA", cc2, *[""] * 4, "5000", "", "0", "", "2025-01-01"])  # fmt: skip


def test_a_geonames_table_gives_settlements_and_marks_what_two_claim(tmp_path: Path) -> None:
    path = tmp_path / "AA.txt"
    rows = [
        geonames_row("Good", 10, 50, other="Добре,Gut"),
        geonames_row("Cape", 11, 50, cc2="AA,BB"),
        geonames_row("River", 10, 50, feature="H"),
        geonames_row("Far", 60, 10),
    ]
    path.write_text("\n".join(rows) + "\nshort\trow\n", encoding="utf-8")
    read = read_geonames(path, label="data:AA.txt", region=REGION)
    assert [entry.name for entry in read.entries] == ["Good", "Cape"]
    assert read.rows_outside == 1
    assert [problem.code for problem in read.problems] == ["row_length"]
    gazetteer = Gazetteer(entries=read.entries, region=REGION)
    assert isinstance(found(gazetteer, "Добре"), Place)
    assert gazetteer.resolve("Cape").claimants == ("AA", "BB")
    path.write_text("name,longitude,latitude\n", encoding="utf-8")
    with pytest.raises(InputError):
        read_geonames(path, label="data:AA.txt")


def test_a_larger_place_is_wider_and_a_given_width_wins() -> None:
    sizes = [Entry(name="x", longitude_deg=0, latitude_deg=0, population=n).sd_m for n in (100, 10**4, 10**6)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert Entry(name="x", longitude_deg=0, latitude_deg=0, population=10**6, position_sd_m=5.0).sd_m == 5.0


@given(name=st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x52F), max_size=20))
@example(name="0´0")
def test_the_table_of_letters_says_what_the_rule_says(name: str) -> None:
    assert key_of(name) == _key_by_rule(name)


@given(name=st.text(max_size=30))
def test_any_text_is_read_and_a_key_is_its_own_key(name: str) -> None:
    key = key_of(name)
    assert key_of(key) == key
    assert isinstance(HERE.resolve(name).found, Name | Place)


def test_dates_matter_where_names_change() -> None:
    change = datetime(2016, 5, 12, tzinfo=UTC)
    entries = [
        Entry(name="Redtown", longitude_deg=10.0, latitude_deg=50.0, valid_until=change),
        Entry(name="Redtown", longitude_deg=12.0, latitude_deg=50.0, valid_from=change),
    ]
    days = [datetime(year, 1, 1, tzinfo=UTC) for year in (2014, 2020, 2015, 2014)]
    before = observations(*({"place_name": "Redtown", "occurred_from": day, "occurred_until": day.replace(hour=1)} for day in days))  # fmt: skip
    report = LocateReport()
    after = locate(before, Gazetteer(entries=entries), report=report)
    assert after["longitude_deg"].to_pylist() == [10.0, 12.0, 10.0, 10.0]
    assert report.places == 4
