"""The whole house as real processes, and the main job done once before one's eyes."""
