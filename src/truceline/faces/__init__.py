"""What people and programs meet: they parse, call the workflow and render, and compute nothing."""
