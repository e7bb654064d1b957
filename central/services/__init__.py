"""Use cases of the centre: one use case, one function `verb_noun(session, actor, command, now)`; none commits."""
