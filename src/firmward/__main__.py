"""`python -m firmward` is the `firmward` command."""

from firmward.cli.main import run

if __name__ == "__main__":
    run()
