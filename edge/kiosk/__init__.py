"""The page in the room: prompt, live plan, last acts, stop. It shows the core's view and passes presses on."""
