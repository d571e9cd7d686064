"""How sure quiet can be: did the truce change anything, and what could have gone unseen."""
