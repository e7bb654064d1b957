"""Rooms made of software: shelves with physics, people, scanners, cameras and printers."""
