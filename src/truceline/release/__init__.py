"""What may leave the mission: results → results of an edition."""
