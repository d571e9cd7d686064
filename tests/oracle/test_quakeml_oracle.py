"""QuakeML against ObsPy, which reads and writes it independently (skipped where it is not installed)."""

from __future__ import annotations

import random
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest

from truceline.base.canonical import short_id
from truceline.base.intervals import Interval
from truceline.schema.table import records
from truceline.sources.source import SOURCES, InputFile, ReadContext

SPAN = Interval(datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 11, tzinfo=UTC))


def test_origins_and_magnitudes_are_those_that_obspy_prefers(tmp_path: Path) -> None:
    event = pytest.importorskip("obspy.core.event", reason="ObsPy is not installed")
    from obspy import UTCDateTime

    rng = random.Random(3)
    catalogue, want = event.Catalog(), {}
    for i in range(200):
        origins = []
        for k in range(rng.randint(1, 3)):
            origin = event.Origin(resource_id=event.ResourceIdentifier(f"smi:local/o{i}/{k}"), time=UTCDateTime(2031, 5, 5) + rng.random() * 86400, latitude=rng.uniform(41, 49), longitude=rng.uniform(11, 19), depth=rng.uniform(0, 9000))  # fmt: skip
            if rng.random() < 0.7:
                origin.time_errors.uncertainty = 0.01 + rng.random()
            origins.append(origin)
        magnitudes = [event.Magnitude(resource_id=event.ResourceIdentifier(f"smi:local/m{i}/{k}"), mag=rng.uniform(0, 4), magnitude_type="ML") for k in range(rng.randint(0, 2))]  # fmt: skip
        one = event.Event(resource_id=event.ResourceIdentifier(f"smi:local/e{i}"), origins=origins, magnitudes=magnitudes)  # fmt: skip
        if rng.random() < 0.6:
            one.preferred_origin_id = rng.choice(origins).resource_id
        if magnitudes and rng.random() < 0.6:
            one.preferred_magnitude_id = rng.choice(magnitudes).resource_id
        catalogue.append(one)
        want[short_id("obs", "s", f"smi:local/e{i}")] = (
            one.preferred_origin() or origins[0],
            one.preferred_magnitude() or next(iter(magnitudes), None),
        )
    path = tmp_path / "catalogue.xml"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalogue.write(str(path), format="QUAKEML")
    plugin = SOURCES.get("quakeml")
    assert plugin is not None
    context = ReadContext(source_id="s", files=(InputFile(path, label="data:catalogue.xml"),), span=SPAN, window=SPAN, parties=(), acts=(), area_by_name={})  # fmt: skip
    rows = {row["observation_id"]: row for row in records(plugin(plugin.Options()).read(context).observations)}  # fmt: skip
    assert rows.keys() == want.keys()
    for key, (origin, magnitude) in want.items():
        row = rows[key]
        middle_s = (row["occurred_from"].timestamp() + row["occurred_until"].timestamp()) / 2
        width_s = (row["occurred_until"] - row["occurred_from"]).total_seconds()
        assert middle_s == pytest.approx(origin.time.timestamp, abs=1e-3)
        assert width_s == pytest.approx(4 * (origin.time_errors.uncertainty or 2), abs=1e-3)
        assert (row["latitude_deg"], row["longitude_deg"]) == pytest.approx((origin.latitude, origin.longitude))  # fmt: skip
        assert row["strength"] == (None if magnitude is None else pytest.approx(magnitude.mag))
