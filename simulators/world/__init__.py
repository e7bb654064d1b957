"""Rooms on a virtual clock: the real core, runtime, wire and shelf model among careless people and failing things.

One seed is one history. Nothing sleeps and nothing is threaded: the clock jumps to the next due event.
"""
