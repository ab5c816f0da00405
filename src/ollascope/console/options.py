"""A path as the value of an option or an argument."""

import os
from pathlib import Path

import click


class GivenPath(click.Path):
    """A path that may lead anywhere or nowhere; an empty one, as of a variable that a script has not filled, does not.

    `click.Path` makes the current folder of an empty text.
    """

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if isinstance(value, str) and not value.strip():
            self.fail("The path is empty.", param, ctx)
        return super().convert(value, param, ctx)
