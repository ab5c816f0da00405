"""The same program as the `ollascope` command; bare, it means `up`."""

from ollascope.__main__ import main

main()
