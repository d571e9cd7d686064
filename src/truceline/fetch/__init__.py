"""Sources' public homes → a data root, with digests recorded. The one part that uses the network."""
