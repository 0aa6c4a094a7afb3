"""What a start script starts: it is followed as the shell would at boot, without running anything.

Variables, functions, sourced files and called scripts are worked out on the tree; where only the running device could
tell, both ways are taken. Families ask `walk.Walk`.
"""
