"""One model in detail: what is not told is left out, long texts are cut in the table only."""

from ollascope.apis.models import Card
from ollascope.engines.shown.card import LONGEST, card_facts, card_rows

INFO = {"general.architecture": "qwen3", "qwen3.context_length": 40960, "qwen3.embedding_length": 1024}


def test_empty_card_has_a_name():
    assert card_rows("m", Card()) == [("name", "m")]
    assert card_facts("m", Card())["context"] is None


def test_card_tells_what_people_ask_first():
    card = Card(model_info=INFO, capabilities=("completion",), parameters='stop "a"\nstop "b"', system="be\nbrief")
    assert card_rows("m", card) == [
        ("name", "m"), ("family", "qwen3"), ("context", "40960"), ("embedding length", "1024"), ("can", "completion"),
        ("parameter", 'stop "a"'), ("parameter", 'stop "b"'), ("system", "be brief"),
    ]  # fmt: skip


def test_long_text_is_cut_in_the_table_and_whole_in_the_facts():
    card = Card(template="x" * 5000, extra={"license": "L" * 9000})
    assert max(len(value) for _, value in card_rows("m", card)) == LONGEST + 1
    assert card_facts("m", card)["license"] == "L" * 9000


def test_card_cannot_steer_the_terminal():
    assert "\x1b" not in str(card_rows("m\x1b[2J", Card(system="\x1b[2J", capabilities=("\x1b",))))


def test_context_of_servers_of_the_openai_api():
    assert ("context", "4096") in card_rows("m", Card(model_info={"meta": {"n_ctx_train": 4096}}))
    assert ("context", "8192") in card_rows("m", Card(model_info={"max_model_len": 8192}))
