"""The technician's page over the LAN: what every device says and did. It counts as from afar and never moves steel."""
