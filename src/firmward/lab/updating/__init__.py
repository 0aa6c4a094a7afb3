"""A device that updates itself in the lab, and loses its power meanwhile."""
