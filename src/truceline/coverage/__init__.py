"""What could have been seen, where, when, with which probability and on whose word."""
