"""The same program as the `ollascope` command; bare, it means `up`."""

from ollascope.cli import main

main()
