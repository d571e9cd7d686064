"""Results as documents: a page, a paper, and data under a schema."""
