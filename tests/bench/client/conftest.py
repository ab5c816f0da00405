"""A fake server for the tests of the load client."""

import pytest

from tests.serve.fronts import started


@pytest.fixture(scope="session")
def fake(tmp_path_factory):
    """The address of a quick fake whose faults the prompts choose."""
    settings = ("fake.failures.stall_s=20", "fake.failures.after=2", "serve.connections=2200")
    with started("--ttft", "0.02", "--gap", "0.002", settings=settings, data=tmp_path_factory.mktemp("data")) as (
        _,
        url,
    ):
        yield url
