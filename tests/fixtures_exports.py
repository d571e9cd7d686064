"""A small invented result on disk, with everything that is awkward to export."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import shapely

from truceline.custody.manifest import Manifest
from truceline.schema import TABLES

ALPHA, BETA = ("alpha-side", "Alpha League"), ("betha-side", "Betha League")
START = datetime(2031, 4, 1, tzinfo=UTC)
STOP = START + timedelta(days=2)
RUN = "run-0123456789abcdef"
EDITION = "Public, in full. Everything in it is invented."
LICENCE = "CC BY 9.9 invented"
#: a longitude of the map that must not be published, and of nothing else
SECRET_DEG = 12.34567891
OPEN_MAP, SECRET_MAP = "open_map", "secret_map"
HOSTILE = "=cmd|' /C calc'!A0 \"q\", <b>&amp;</b> ]]> \x01\n– 丁"
MICRO = timedelta(microseconds=123456)


def write_result(
    folder: Path,
    *,
    parties: tuple[tuple[str, str], tuple[str, str]] = (ALPHA, BETA),
    invented: bool = True,
    edition: str = EDITION,
    incidents: int = 6,
) -> Path:
    """Write the result into ``folder``; another order of ``parties`` exchanges them everywhere."""
    folder.mkdir(parents=True)
    (one, one_name), (two, two_name) = parties
    tables = {
        "incidents": _incidents(one, two, incidents),
        "observations": _observations(),
        "counts": _counts(one, two),
        "claims": _claims(one, two),
        "coverage": [],
        "control": _control(one),
    }
    (folder / "tables").mkdir()
    for name, rows in tables.items():
        pq.write_table(TABLES[name].from_records(rows), folder / "tables" / f"{name}.parquet")
    document = {
        "schema": "truceline.findings/1",
        "case_id": "invented",
        "title": "An invented truce",
        "version": "9.8.7",
        "run_id": RUN,
        "as_of": "2031-04-11",
        "edition": edition,
        "seed": 1,
        "invented": invented,
        "language": "en",
        "truce_id": "invented",
        "instrument": "agreement",
        "terms_version": "terms-1",
        "parties": [{"party_id": one, "name": one_name}, {"party_id": two, "name": two_name}],
        "clocks": [{"clock_id": "agreed", "title": "Agreed", "period_start": _z(START), "period_stop": _z(STOP), "zone": "UTC"}],
        "obligations": [{"obligation_id": "no-shelling", "act": "shelling", "act_name": "Shelling", "title": "No shelling", "definition": "A salvo."}],
        "areas": [{"area_id": "all", "name": "Everywhere"}, {"area_id": "north", "name": "North"}],
        "baseline": {"period_start": _z(START - timedelta(days=9)), "period_stop": _z(START)},
        "summary": ["A sentence."],
        "context": [],
        "limits": ["Everything is invented."],
        "findings": [
            _finding("fnd-1", one, "all", bound=None, incidents=["inc-1", "inc-2"]),
            _finding("fnd-2", two, "all", bound=7.0, incidents=["inc-2"]),
            _finding("fnd-3", one, "north", bound=0.0, incidents=[]),
        ],
        "series": [_series(one)],
        "claims": [{"claim_id": "claim-1", "parts_sum": None, "check": "no_parts", "check_text": ""}],
        "coverage_notes": [],
        "sources": [_source("acoustic", "read"), _source(OPEN_MAP, "read"), _source(SECRET_MAP, "read"), _source("gone", "absent")],
        "quarantined_count": 0,
    }  # fmt: skip
    (folder / "findings.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    run = {"kind": "run", "run_id": RUN, "case": "invented", "case_sha256": "0" * 64}
    (folder / "manifest.jsonl").write_text(Manifest().append([run]).text(), encoding="utf-8")
    names = ["findings.json", "manifest.jsonl", *(f"tables/{name}.parquet" for name in tables), ".truceline"]
    (folder / ".truceline").write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    return folder


def write_case(folder: Path, *, case_id: str = "invented") -> Path:
    """A case folder that fits: it says which map may be shown and where the areas are."""
    folder.mkdir(parents=True)
    (folder / "truce.yaml").write_text(TRUCE, encoding="utf-8")
    (folder / "case.yaml").write_text(CASE.format(case_id=case_id), encoding="utf-8")
    return folder


TRUCE = """
truce: 1
id: invented
title: An invented truce
terms_version: terms-1
instrument: agreement
parties:
  - {id: alpha-side, name: Alpha League}
  - {id: betha-side, name: Betha League}
clocks:
  - {id: agreed, title: Agreed, start: "2031-04-01T00:00:00Z", stop: "2031-04-03T00:00:00Z", zone: UTC}
acts:
  - {id: shelling, name: Shelling, definition: A salvo.}
obligations:
  - id: no-shelling
    act: shelling
    title: No shelling
    binds: [alpha-side, betha-side]
    clocks: [agreed]
    scopes: [{areas: [all, north]}]
"""

CASE = """
case: 1
id: {case_id}
title: An invented truce
as_of: "2031-04-11"
invented: true
theatre: all
region: [10.0, 40.0, 20.0, 50.0]
areas:
  - {{id: all, name: Everywhere, kind: theatre, bbox: [10.0, 40.0, 20.0, 50.0]}}
  - {{id: north, name: North, parent: all, label: [15.0, 48.0], disputed: true}}
baseline: {{start: "2031-03-23T00:00:00Z", stop: "2031-04-01T00:00:00Z"}}
release: {{edition: public_full, basis: Everything in it is invented.}}
sources:
  - {{id: acoustic, title: acoustic, adapter: table, files: [a.csv]}}
  - {{id: open_map, title: open_map, adapter: control_polygons, files: [b.geojson]}}
  - {{id: secret_map, title: secret_map, adapter: control_polygons, files: [c.geojson], publish_shapes: false}}
  - {{id: gone, title: gone, adapter: table, files: [d.csv]}}
"""


def _z(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _incidents(one: str, two: str, count: int) -> list[dict[str, Any]]:
    plain = {
        "act": "shelling",
        "occurred_from": START,
        "occurred_until": START + timedelta(minutes=5),
        "longitude_deg": 15.5,
        "latitude_deg": 45.25,
        "position_sd_m": 400.0,
        "area_id": "north",
        "place_name": "Opalstead",
        "existence_p": 0.97,
        "occurrence": "verified",
        "responsibility": "attributed",
        "attributed_party_id": one,
        "party_p": {one: 0.9, two: 0.05, "other": 0.05},
        "likelihood_ratio": 18.0,
        "line_distance_m": -1250.5,
        "source_ids": ["acoustic"],
        "observation_ids": ["obs-1", "obs-2"],
        "n_primary_sources": 2,
        "reason_codes": ["incident_attributed"],
    }
    unknown = {
        **plain,
        "act": None,
        "longitude_deg": None,
        "latitude_deg": None,
        "position_sd_m": None,
        "area_id": None,
        "place_name": None,
        "existence_p": None,
        "occurrence": "alleged",
        "responsibility": "not_attributed",
        "attributed_party_id": None,
        "party_p": {},
        "likelihood_ratio": None,
        "line_distance_m": None,
        "source_ids": [],
        "observation_ids": [],
        "n_primary_sources": 0,
        "reason_codes": ["no_existence_basis"],
    }
    rows = [
        plain,
        unknown,
        {**plain, "place_name": HOSTILE, "existence_p": 0.5, "occurrence": "reported"},
        {**plain, "occurred_from": START + MICRO, "existence_p": 0.0, "occurrence": "refuted"},
        {**plain, "attributed_party_id": two, "position_sd_m": 0.0, "line_distance_m": 0.0},
        {**unknown, "area_id": "all", "occurrence": "inconclusive", "existence_p": 0.3},
    ]
    return [{**rows[i % len(rows)], "incident_id": f"inc-{i + 1}"} for i in range(count)]


def _observations() -> list[dict[str, Any]]:
    seen = {
        "source_id": "acoustic",
        "occurred_from": START,
        "occurred_until": START + timedelta(seconds=1),
        "acts": {"shelling": 0.0},
        "raw_file": "case:a.csv",
        "raw_row": 2,
        "raw_digest": "0" * 64,
    }
    return [
        {**seen, "observation_id": "obs-1", "longitude_deg": 15.5, "latitude_deg": 45.25, "text": HOSTILE},
        {**seen, "observation_id": "obs-2"},
    ]


def _counts(one: str, two: str) -> list[dict[str, Any]]:
    row = {
        "source_id": "acoustic",
        "series": "shots",
        "speaker": "@speaker",
        "speaker_party_id": two,
        "accused_party_id": one,
        "unit": "shot",
        "relation": "=",
        "window_start": START,
        "window_stop": STOP,
        "cumulative": False,
        "vintage": "only",
        "raw_file": "case:a.csv",
        "raw_row": 2,
        "raw_digest": "0" * 64,
    }
    return [{**row, "count_id": "cnt-1", "value": 0.0}, {**row, "count_id": "cnt-2", "value": None, "note": "-5 degrees"}]  # fmt: skip


def _claims(one: str, two: str) -> list[dict[str, Any]]:
    return [
        {
            "claim_id": "claim-1",
            "source_id": "acoustic",
            "speaker": "+staff",
            "speaker_party_id": two,
            "accused_party_id": one,
            "kind": "opponent_count",
            "measure": "shots",
            "act": "shelling",
            "unit": "shot",
            "value": None,
            "relation": None,
            "window_start": START,
            "window_stop": STOP,
            "window_precision": "exact",
            "raw_file": "case:a.csv",
            "raw_row": 2,
            "raw_digest": "0" * 64,
        }
    ]


def _control(holder: str) -> list[dict[str, Any]]:
    row = {
        "holder_party_id": holder,
        "raw_file": "case:b.geojson",
        "raw_row": 0,
        "raw_digest": "0" * 64,
    }
    rows = []
    for source, west in ((OPEN_MAP, 11.0), (SECRET_MAP, SECRET_DEG)):
        for day in (-3, -1, 1):
            moment = START + timedelta(days=day)
            # clockwise on purpose: exports turn rings round
            shape = shapely.multipolygons([shapely.box(west, 41, 14 + day / 10, 44, ccw=False)])
            rows.append(
                {
                    **row,
                    "control_id": f"ctl-{source}-{day}",
                    "source_id": source,
                    "map_time": moment,
                    "describes_until": moment,
                    "status": "first" if day == -3 else "update",
                    "geometry": shapely.to_wkb(shape),
                    "shape_digest": "0" * 64,
                }
            )
    return rows


def _finding(
    name: str, party: str, area: str, *, bound: float | None, incidents: list[str]
) -> dict[str, Any]:
    return {
        "finding_id": name,
        "obligation_id": "no-shelling",
        "party_id": party,
        "area_id": area,
        "period_start": _z(START),
        "period_stop": _z(STOP),
        "clock_id": "agreed",
        "terms_version": "terms-1",
        "occurrence": "verified" if bound is None else "reported",
        "responsibility": "not_applicable",
        "judgement": "partial" if bound is None else "undetermined",
        "effect_ratio": None if bound is None else 0.0,
        "effect_ratio_lo95": None,
        "effect_ratio_hi95": None,
        "e_value": None if bound is None else 12.5,
        "bound_history_hi95": bound,
        "bound_worst_hi95": bound,
        "bound_evader_hi95": None,
        "reason_codes": ["no_bound"] if bound is None else ["blind_spot"],
        "details": {
            "headline": "=1+1 is what a sentence may begin with.",
            "phrase": "",
            "period_label": "1 April",
            "evidence": [],
            "reasons": [{"code": "incident_residual", "text": "They lie in it.", "source_ids": [], "claim_ids": [], "incident_ids": incidents, "series_id": None, "rows": []}],
            "bound": {"detections": None, "blind_share": None, "basis": [], "what_if": [], "reason_codes": []},
            "would_change": [],
        },
    }  # fmt: skip


def _series(party: str) -> dict[str, Any]:
    return {
        "series_id": "shots",
        "title": "Shots",
        "source_id": "acoustic",
        "kind": "sensor",
        "act": "shelling",
        "party_id": party,
        "area_id": "all",
        "unit": "shot",
        "bin_h": 24.0,
        "warning_only": False,
        "caveat": "",
        "effect": None,
        "bin_start": [_z(START), _z(START + timedelta(days=1))],
        "count": [0.0, None],
        "expected": None,
        "in_baseline": [False, False],
        "in_window": [True, True],
    }


def _source(name: str, state: str) -> dict[str, Any]:
    return {
        "source_id": name,
        "title": name,
        "state": state,
        "licence": LICENCE,
        "citation": f"Whoever made {name}.",
        "adapter": "table",
        "adapter_version": "1",
        "cost_of_absence": "Little.",
        "files": [],
    }
