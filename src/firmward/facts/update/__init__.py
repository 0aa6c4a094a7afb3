"""The ways by which an image can be updated, one file for each mechanism.

A mechanism's `found(around)` gives an Updater for each one that is configured, after the program's own manual. What a
person should know about it stands in remarks, by aspect; the checks of the area say how grave that is. updaters.py
puts them together.
"""
