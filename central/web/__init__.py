"""Server-rendered pages of the centre. Parse, one service call, answer; no rule and no query lives here."""
