"""What was read and written: an append-only manifest, from which the evidence log will grow."""
