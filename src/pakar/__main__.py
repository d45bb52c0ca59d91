"""`python -m pakar` is the command line."""

from pakar.cli.main import run

run()
