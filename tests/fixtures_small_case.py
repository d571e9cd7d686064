"""A case of two parties, two listening posts and one obligation, small enough to be written by a test."""

from __future__ import annotations

WATCH = """source_id,sensor_id,longitude_deg,latitude_deg,radius_m,window_start,window_stop,act,available_share,reason,detection_p_a,detection_p_b,detection_p_basis,clutter_per_day
acoustic,a1,15.2,45.2,60000,2031-05-01T00:00:00Z,2031-05-03T00:00:00Z,shelling,1,watched,24,16,measured,0.3
acoustic,a2,15.2,45.2,60000,2031-05-01T00:00:00Z,2031-05-03T00:00:00Z,shelling,1,watched,24,16,measured,0.3
"""
TRUCE = """truce: 1
id: small
title: A small truce
instrument: agreement
terms_version: v1
summary: Two parties.
parties: [{id: north, name: North}, {id: south, name: South}]
declarations:
  - {id: cn, party: north, speaker: North, date: '2031-04-20', wording: No shelling.}
  - {id: cs, party: south, speaker: South, date: '2031-04-20', wording: No shelling.}
clocks: [{id: agreed, title: As agreed, start: '2031-05-01T00:00:00Z', stop: '2031-05-03T00:00:00Z', zone: UTC, declared_by: [cn, cs]}]
acts: [{id: shelling, name: Shelling, definition: Shells.}]
obligations:
  - {id: no-shelling, act: shelling, title: No shelling, rule: prohibit, binds: [north, south], clauses: {north: cn, south: cs}, clocks: [agreed], scopes: [{areas: [theatre], periods: window}]}
"""
CASE = """case: 1
id: small
title: A small truce
as_of: '2031-05-10'
monitors: true
theatre: theatre
region: [14, 44, 17, 47]
areas: [{id: theatre, name: All, kind: theatre, bbox: [14.9, 45.0, 15.5, 45.4]}]
baseline: {start: '2031-04-20T00:00:00Z', stop: '2031-05-01T00:00:00Z'}
release: {edition: public_full, basis: invented}
sources:
  - {id: acoustic, title: Acoustic, adapter: table, root: case, files: [OBSERVED], grade: hard, mechanism: true, forms_incidents: true, options: {table: observations, columns: {time: occurred_from}}}
  - {id: watch, title: Watch, adapter: table, root: case, files: [watch.csv], grade: hard, options: {table: coverage, of_source: acoustic}}
"""
#: a source of maps of control, to stand behind the others of ``CASE``
MAP = "  - {id: map, title: Map, adapter: table, root: case, files: [held.geojson], grade: hard, options: {table: control, columns: {time: map_time, holder_party_id: holder_party_id}}}\n"
