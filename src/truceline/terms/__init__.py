"""The agreement as data: parties, declarations, clocks, acts, obligations."""
