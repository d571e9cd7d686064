"""Names → a place, an area, or just a name; disputed territory is marked, never resolved."""
