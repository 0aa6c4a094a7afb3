"""From finished facts to a report. Standard library only; Jinja2 is imported when HTML is asked for."""
