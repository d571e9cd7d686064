"""Names that real sources use, against the coordinates that they give themselves."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from truceline.base.geodesy import distance_m
from truceline.places.gazetteer import Entry, Gazetteer
from truceline.places.read import read_places
from truceline.places.resolution import Area, Name, Place
from truceline.workflow.case import open_case
from truceline.workflow.places import CaseNames

#: the press geocodes to some point of the town, and to its districts
AGREES_WITHIN_SD = 3.0

SPELLINGS = {
    "Kyiv": ["Київ", "м. Київ", "KYIV"],
    "Kharkiv": ["Харків", "м.Харків"],
    "Dnipro": ["Дніпро"],
    "Zaporizhzhia": ["Запоріжжя", "Zaporizhzhya", "Zaporizhzhia", "поблизу Запоріжжя"],
    "Mykolaiv": ["Миколаїв", "Mykolayiv", "Mykolaïv"],
    "Odesa": ["Одеса", "Odessa"],
    "Donetsk": ["Донецьк", "Донецк", "Donets'k", "Donetsʹk"],
    "Luhansk": ["Луганськ", "Luhans’k"],
    "Mariupol": ["Маріуполь", "Мариуполь", "Mariupol’"],
    "Simferopol": ["Сімферополь", "Симферополь"],
    "Lviv": ["Львів", "L'viv"],
    "Rostov-on-Don": ["Rostov on Don", "ROSTOV-ON-DON"],
}


@pytest.fixture(scope="module")
def names(project_root: Path) -> CaseNames:
    return CaseNames(open_case(project_root / "cases" / "easter-2025"), data=None)


@pytest.mark.parametrize("name", sorted(SPELLINGS))
def test_towns_are_found_by_the_spellings_of_the_press(names: CaseNames, name: str) -> None:
    places = names.resolve(name).found
    assert isinstance(places, Place)
    for spelling in SPELLINGS[name]:
        found = names.resolve(spelling).found
        assert isinstance(found, Place), spelling
        assert (found.longitude_deg, found.latitude_deg) == (places.longitude_deg, places.latitude_deg)


@pytest.mark.parametrize("name", ["Kharkov", "Lvov", "Nikolaev", "Львов"])
def test_names_of_the_other_language_need_a_listed_spelling(names: CaseNames, name: str) -> None:
    # "Львов" and "Lviv" are two names, not two spellings: only a list can say that they are one place
    assert isinstance(names.resolve(name).found, Name)


@pytest.mark.parametrize("name", ["Kharkivska oblast", "Donetska oblast", "Kyiv City"])
def test_oblasts_are_areas(names: CaseNames, name: str) -> None:
    assert not isinstance(names.resolve(name).found, Place | Name)


def test_an_oblast_that_is_not_listed_is_not_its_chief_town(names: CaseNames) -> None:
    found = names.resolve("Харківська область").found
    assert found == Area(area_id="kharkivska", name="Kharkivska oblast")
    for name in ("Kharkiv oblast", "Харьковская область", "Kursk region", "Курская область"):
        assert isinstance(names.resolve(name).found, Name)


def test_names_agree_with_the_coordinates_that_the_news_gives_them(
    names: CaseNames, shared_data: Path
) -> None:
    told: Counter[str] = Counter()
    for path in sorted((shared_data / "viina_events").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as rows:
            for row in csv.DictReader(rows):
                resolution = names.resolve(row["place_name"])
                if isinstance(resolution.found, Place):
                    away_m = distance_m(resolution.found.longitude_deg, resolution.found.latitude_deg, float(row["lon"]), float(row["lat"]))  # fmt: skip
                    told["agrees" if away_m < AGREES_WITHIN_SD * resolution.found.position_sd_m else "far"] += 1  # fmt: skip
                else:
                    told["name"] += 1
    assert told["agrees"] > 13_000
    # "Zaporizhzhia" is also a village 140 km off; the news geocodes three of its records there
    assert told["far"] / told["agrees"] < 0.001


def test_homonyms_of_the_news_are_not_resolved(shared_data: Path) -> None:
    # every place of the news itself as a gazetteer: a name at two places more than 20 km apart is two
    spots: dict[str, list[tuple[float, float]]] = {}
    for path in sorted((shared_data / "viina_events").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as rows:
            for row in csv.DictReader(rows):
                here = float(row["lon"]), float(row["lat"])
                known = spots.setdefault(row["place_name"], [])
                if all(distance_m(*here, *spot) > 20_000 for spot in known):
                    known.append(here)
    entries = [
        Entry(name=name, longitude_deg=lon, latitude_deg=lat)
        for name, places in spots.items()
        for lon, lat in places
    ]
    gazetteer = Gazetteer(entries=entries)
    del spots[""]
    several = [name for name, places in spots.items() if len(places) > 1]
    assert len(several) > 50
    for name in several:
        found = gazetteer.resolve(name).found
        assert isinstance(found, Name), name
        assert found.why == "ambiguous"
        assert len(found.candidates) >= 2
    single = [name for name, places in spots.items() if len(places) == 1]
    resolved = sum(isinstance(gazetteer.resolve(name).found, Place) for name in single)
    assert resolved / len(single) > 0.9


def test_the_list_of_the_case_is_clean(project_root: Path) -> None:
    path = project_root / "cases" / "easter-2025" / "places.csv"
    assert read_places(path, label="case:places.csv").problems == []
