"""The verbs: what the library, the command line and later the API call alike."""
