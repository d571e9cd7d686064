"""What every part stands on: times, places, errors, words, identifiers, the plug-in registry."""
