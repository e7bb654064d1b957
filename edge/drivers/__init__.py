"""Devices of the room: shelf buses, scanners, cameras, label printers. Drivers don't know each other."""
