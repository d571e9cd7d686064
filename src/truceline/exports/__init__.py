"""A finished result in the formats of other tools: one file per format, registered in ``EXPORTS``."""
