"""Results against a truth that is known: matches, calibration, counts, attribution, and what simpler ways score."""
