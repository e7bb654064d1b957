"""REST interface of the centre: parse, authorise, one service call for a write, answer."""
