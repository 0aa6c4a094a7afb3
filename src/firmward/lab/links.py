"""What an attack strikes: a link of the chain of trust, or what runs behind it.

A service that was taken over, or a password that everybody knows, breaks no link: all that runs was verified. The audit
draws no state of that, so that nothing there can contradict it.
"""

from firmward.audit import chain_words
from firmward.model import chain

RUNNING = "running"
LINKS = (*chain.LINKS, RUNNING)
TITLES = {**chain_words.TITLES, RUNNING: "Running system"}
ABOUT = {**chain_words.ABOUT, RUNNING: "what services may do, and who gets in"}
