"""Truces with a hidden truth: fronts of any length as tables, and ordinary case folders."""

from truceline.simulate.folder import write_front
from truceline.simulate.front import Front, SourceInfo, Truth, play, play_periods
from truceline.simulate.regime import Regime, read_regime, regime_names
from truceline.simulate.scenario import Scenario, read_scenario
from truceline.simulate.world import Simulated, simulate
from truceline.simulate.write import write_case

__all__ = [
    "Front",
    "Regime",
    "Scenario",
    "Simulated",
    "SourceInfo",
    "Truth",
    "play",
    "play_periods",
    "read_regime",
    "read_scenario",
    "regime_names",
    "simulate",
    "write_case",
    "write_front",
]
