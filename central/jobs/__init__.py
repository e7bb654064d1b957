"""Work that runs beside requests, in threads started by `app`."""
