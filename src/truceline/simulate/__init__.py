"""Truces with a hidden truth, written as ordinary case folders."""

from truceline.simulate.scenario import Scenario, read_scenario
from truceline.simulate.world import Simulated, simulate
from truceline.simulate.write import write_case

__all__ = ["Scenario", "Simulated", "read_scenario", "simulate", "write_case"]
