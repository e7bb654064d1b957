"""Where the core meets the world: inbox, executor, clock, look-ups, dispatch after the commit, replay."""
