"""What a server has and holds in memory."""

from dataclasses import replace

from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.pages.rows import memory_row, rows_of
from ollascope.engines.pages.shelf import Shelf, Shelves, known_names, matching, shelf_facts
from ollascope.engines.pages.speeds import Point
from ollascope.engines.shown.lists import Listed


class Small(FakeEngine):
    """A fake that cannot be told to do much."""

    def capabilities(self, model=None):
        return replace(super().capabilities(model), orders=frozenset({"show", "load"}))


class Counting(FakeEngine):
    """A fake whose list tells no abilities, and that counts who asks for them."""

    asked = 0

    def capabilities(self, model=None):
        type(self).asked += model is not None
        return super().capabilities(model)


def looked(engine=None):
    return Shelves().look(engine or FakeEngine())


def test_nothing_known_is_told_as_nothing_known():
    assert shelf_facts(None) == {"known": False, "trouble": "", "models": None, "loaded": None}
    assert shelf_facts(Shelf(trouble="it is down"))["trouble"] == "it is down"


def test_models_are_sorted_by_name():
    shelf = looked()
    assert [one.name for one in shelf.models] == sorted(one.name for one in shelf.models)
    assert shelf.loaded == ()


def test_orders_are_those_that_the_engine_tells_of():
    assert "pull" in looked().orders
    assert looked(Small()).orders == {"show", "load"}


def test_model_is_found_by_either_of_its_names():
    shelf = looked()
    assert shelf.find("scripted").name == "scripted:latest"
    assert shelf.find("nothing") is None


def test_what_was_asked_of_a_model_is_asked_once():
    engine, shelves = Counting(), Shelves()
    shelves.look(engine)
    before = Counting.asked
    shelves.look(engine)
    assert Counting.asked == before


def test_search_holds_every_word():
    models = [
        Listed(name="qwen3:8b", quantisation="Q4_K_M"),
        Listed(name="qwen3:4b", quantisation="F16", can=("tools",)),
    ]
    assert [one.name for one in matching(models, "QWEN q4")] == ["qwen3:8b"]
    assert [one.name for one in matching(models, "tools")] == ["qwen3:4b"]
    assert matching(models, "llama") == []


def test_records_may_call_a_model_by_its_shorter_name():
    assert known_names({"qwen3": 1}, ["qwen3:latest", "other"]) == {"qwen3:latest": "qwen3"}


def test_row_shows_what_is_in_memory_and_how_fast_it_was():
    engine = FakeEngine()
    engine.load("scripted")
    shelf = looked(engine)
    rows = rows_of(
        shelf, shelf.models, {"scripted": Point(at=0, rate_p50=12.0)}, lambda name: name == "scripted:latest"
    )
    row = next(one for one in rows if one.name == "scripted:latest")
    assert (row.in_memory, row.demo, row.speed.rate_p50) == (True, True, 12.0)
    assert not next(one for one in rows if one.name == "bare:latest").in_memory
    held = memory_row(shelf.loaded[0], lambda _: False)
    assert (held.gpu_ratio, held.stays) == (0.0, False)
    assert held.until > shelf.at
