"""From remedies to files: a root file system with its cures, and what goes into the build beside it.

| module | does |
| --- | --- |
| `plan` | chooses among the cures that findings bring |
| `draft` | a tree with changes on top, of which every check can judge again |
| `apply` | puts the changes of the chosen cures into the draft, each by the file in `changes/` that knows its kind |
| `changes/` | one kind of change a file |
| `settings/` | how an option is set, one configuration format a file |
| `managers/` | how a service is started no more, one manager a file |
| `command_lines/` | where a root keeps the kernel's command line, one kind of file a file; `words` puts words into it |
| `beside/` | what is no file of the root: fragments for kernel and boot loader, one renderer a file |
| `manifest`, `overlay`, `diff` | what was changed, as a record, as files, as a patch |
"""
