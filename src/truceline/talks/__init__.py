"""Parties' statements: who said what, on which issue, in which stance, on what condition, and where accounts differ."""
