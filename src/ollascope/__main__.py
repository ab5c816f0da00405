"""`python -m ollascope`: the same program as the `ollascope` command."""

from ollascope.cli import main

main()
