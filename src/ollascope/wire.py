"""The one place that builds objects from settings."""

from ollascope.console.invocation import Invocation
from ollascope.settings.load import Settings, Sources, load

SECTIONS = {
    "data": "ollascope.settings.data:Data",
    "addresses": "ollascope.settings.addresses:Addresses",
    "checks": "ollascope.checks.limits:Checks",
}


def load_settings(invocation: Invocation) -> Settings:
    """The settings in force: defaults, then the file, then the environment, then the flags of this invocation."""
    return load(SECTIONS, sources(invocation))


def sources(invocation: Invocation) -> Sources:
    """Where this invocation's settings come from."""
    return Sources.of_process(
        file=invocation.settings_file, data_folder=invocation.data_folder, assignments=invocation.assignments
    )
