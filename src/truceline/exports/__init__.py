"""Results → files for other tools; one file each."""
