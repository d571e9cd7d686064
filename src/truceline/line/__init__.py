"""Who held what, when, by whose map: sides, distance, length, movement, staleness."""
