"""Where results live: a folder that is complete or absent."""
