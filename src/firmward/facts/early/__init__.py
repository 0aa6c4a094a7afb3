"""What the scripts of an initramfs do until they go on to another root: every way through them is followed.

A walk over start scripts (facts/scripts) joins the ways that meet again, since what is started either way is started.
Here the question is whether one way leads to a root that nothing verified, so ways that differ in what was verified or
mounted stay apart. Families ask `ways.Ways`.
"""
