"""Where the program begins, by whichever name: it can be interrupted from its first moment on."""

import sys


def main() -> None:
    """The `ollascope` command."""
    try:
        from ollascope.cli import main as command  # noqa: PLC0415 - Ctrl-C may come while this is read

        command()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
