"""The gateway's end of the link: MQTT to the centre, over the pure parts in `edge.core.link`."""
