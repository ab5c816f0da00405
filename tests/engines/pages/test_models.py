"""What the pages about models know, and the orders that they give."""

import pytest

from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.fake.settings import Fake
from ollascope.engines.fake.source import FakeSource
from ollascope.engines.pages.files import About
from ollascope.engines.pages.fitting import Reckon, Taken
from ollascope.engines.pages.models import MOST_HISTORIES, Given, Models
from ollascope.engines.pages.speeds import Point, Speeds
from ollascope.words.errors import BadUsage, ConnectFailed, ModelMissing

WHOLE = Taken(weights=1, cache=1, rest=1)


class Doorway:
    """Opens the fake, or fails as where no server answers."""

    def __init__(self, engine=None):
        self.engine = engine

    def open(self):
        if self.engine is None:
            raise ConnectFailed("nothing answers", hint="start it")
        return self.engine

    def open_quick(self):
        return self.open()

    def leave(self, _engine):
        pass


class Now:
    """An answer that is never kept."""

    def __init__(self, _name, ask, _every_s):
        self.ask = ask

    def read(self, _wait_s=0.0):
        return self.ask()

    def forget(self):
        pass


def models_over(engine, tmp_path, **more):
    given = {
        "keep": Now,
        "about": lambda _: About(),
        "reckon": Reckon(taken=lambda *_: WHOLE, longest=lambda *_: 2048),
        "is_demo": lambda name, _: name.startswith("scripted"),
        "lately": lambda everything: {"plain": Point(at=0, requests=1 + everything)},
        "history": lambda *_: Speeds(span="day"),
    }
    return Models(Doorway(engine), tmp_path, Given(**given | more))


@pytest.fixture
def models(tmp_path):
    made = models_over(FakeEngine(FakeSource(Fake(models=("scripted", "plain", "bare")))), tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("name", ["", "a b", "../x"])
def test_order_about_a_name_that_is_none_is_refused(models, name):
    for order in (models.card, models.pull, models.unload, lambda one: models.load(one, None)):
        with pytest.raises(BadUsage):
            order(name)
    assert models.works.list() == ()


def test_model_is_removed_only_by_its_own_name(models):
    with pytest.raises(BadUsage):
        models.delete("plain", "plainer")
    models.delete("plain", "plain")
    with pytest.raises(ModelMissing):
        models.card("plain")


def test_server_that_is_down_is_a_finding(tmp_path):
    scene = models_over(None, tmp_path).scene(False)
    assert (scene.shelf.trouble, scene.shelf.hint, scene.rows) == ("nothing answers", "start it", ())


def test_scene_has_rows_with_their_speeds_and_what_is_in_memory(models):
    with models.looking.use() as engine:
        engine.load("scripted")
    scene = models.scene(True)
    assert [(row.name, row.demo, row.speed.requests if row.speed else None) for row in scene.rows] == [
        ("bare:latest", False, None), ("plain:latest", False, 2), ("scripted:latest", True, None),
    ]  # fmt: skip
    assert [one.name for one in scene.memory] == ["scripted:latest"]


def test_search_tells_how_many_there_are(models):
    found, rows = models.find("PLAIN", False)
    assert (found, [row.name for row in rows]) == (1, ["plain:latest"])


def test_need_is_judged_against_this_machine_only_where_the_server_runs_on_it(models):
    shelf = models.shelf.read()
    fitted = models.fit(shelf, "plain", models.card("plain"))
    assert not shelf.here  # in process has no address
    assert (fitted.room, fitted.longest, {one.verdict for one in fitted.fits}) == (None, None, {"unknown"})


def test_old_histories_are_forgotten(tmp_path):
    asked = []
    models = models_over(
        FakeEngine(), tmp_path, history=lambda name, *_: asked.append(name), keep=lambda _name, ask, _every_s: Once(ask)
    )
    for number in [*range(MOST_HISTORIES + 1), MOST_HISTORIES, 0]:
        models.history(f"m{number}", "day", False, 0)
    assert asked[-1] == "m0"
    assert len(asked) == MOST_HISTORIES + 2


class Once(Now):
    """An answer that is kept for ever."""

    def __init__(self, ask):
        super().__init__("", ask, 0)
        self.known = False

    def read(self, _wait_s=0.0):
        if not self.known:
            self.known = True
            self.ask()
