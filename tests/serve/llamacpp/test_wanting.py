"""What a request wants of the house: contexts, lifetimes, options where it sets none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.registry.gguf.read import read_header
from ollascope.serve.llamacpp.house.folder import Entry
from ollascope.serve.llamacpp.house.listing import Defaults, Listed
from ollascope.serve.llamacpp.settings import Loading
from ollascope.serve.llamacpp.wanting import context_of, lifetime, usual_context, want, with_defaults
from ollascope.words.prompt import Prompt
from tests.serve.llamacpp.rooms import put

FOREVER = float("inf")


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return put(tmp_path_factory.mktemp("wanting") / "models") / "scripted.gguf"


@pytest.fixture(scope="module")
def header(path):
    return read_header(path)


def entry(path, **listed):
    return Entry(name="scripted:latest", path=path, listed=Listed(**listed))


def prompt(**options):
    return Prompt(model="scripted", options=options)


def wanted(path, header, asked, loading=None, **listed):
    return want(entry(path, **listed), header, asked, loading or Loading(), keep_alive_s=300, guard=False)


@pytest.mark.parametrize("asked", [None, 0, -1, True, "many"])
def test_context_that_says_nothing_is_the_usual_one(path, header, asked):
    assert context_of(prompt(num_ctx=asked), header) is None
    assert wanted(path, header, prompt(num_ctx=asked), Loading(context=512)).load.context == 512


@pytest.mark.parametrize(("asked", "loaded"), [(16, 512), (512, 512), (600, 600), (4096, 4096), (100_000, 4096)])
def test_larger_context_is_loaded_up_to_what_the_model_was_trained_for(path, header, asked, loaded):
    assert wanted(path, header, prompt(num_ctx=asked), Loading(context=512)).load.context == loaded


def test_usual_context_is_no_larger_than_what_the_model_was_trained_for(path, header):
    assert usual_context(entry(path), header, Loading(context=100_000)) == 4096
    assert usual_context(entry(path, context=256), header, Loading()) == 256


@given(asked=st.integers(-10, 10**9) | st.floats(allow_nan=False, allow_infinity=False))
def test_every_context_that_is_asked_for_can_be_loaded(path, header, asked):
    context = wanted(path, header, prompt(num_ctx=asked), Loading(context=512)).load.context
    assert isinstance(context, int)
    assert 512 <= context <= 4096


def test_listing_says_how_it_is_loaded(path, header):
    adapter = path.with_name("adapter.gguf")
    found = wanted(path, header, prompt(), slots=9, lora=adapter, lora_scale=0.5, memory_mib=7)
    assert (found.load.slots, found.load.lora, found.load.lora_scale) == (9, adapter, 0.5)
    assert found.bytes == 7 << 20


@pytest.mark.parametrize(
    ("asked", "listed", "usual", "found"),
    [
        (None, None, 300, 300), (None, None, -1, FOREVER), (None, "5m", 10, 300), (None, "-1s", 10, FOREVER),
        (0, "5m", 10, 0), ("90s", "5m", 10, 90), (-1, None, 10, FOREVER), (7, None, -1, 7),
    ],
)  # fmt: skip
def test_lifetime_is_that_of_the_request_then_of_the_listing_then_of_the_settings(path, asked, listed, usual, found):
    assert lifetime(entry(path, keep_alive=listed), Prompt(model="a", keep_alive=asked), usual) == found


def test_options_of_the_request_win_over_those_of_the_listing(path):
    defaults = Defaults(temperature=0.1, top_k=5, seed=7, num_predict=9, stop=("x",))
    asked = Prompt(model="a", options={"top_k": 6}, max_tokens=3)
    found = with_defaults(entry(path, options=defaults), asked)
    assert found.options == {"temperature": 0.1, "top_k": 6}
    assert (found.seed, found.max_tokens, found.stop) == (7, 3, ("x",))
    assert with_defaults(entry(path), asked) == asked
