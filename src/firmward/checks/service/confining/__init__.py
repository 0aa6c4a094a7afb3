"""How a service is confined in the way of whoever starts it: the cures that the checks of sandboxes, users and limits
share. `cure.py` chooses, the others write."""
