"""Orders on their way."""

import threading

import pytest

from ollascope.apis.models import Order, Progress
from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.pages.works import KEPT, MOST, Works, load, unload
from ollascope.words.errors import BadUsage, EngineBusy, ModelMissing
from tests.engines.ollama.stage import line, staged

PATIENCE_S = 10.0


def wait_until(claim):
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if claim():
            return
        pause.wait(0.01)
    pytest.fail("it never became so")


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def works(engine):
    made = Works(lambda: engine, lambda _: None, wall=lambda: 100.0)
    yield made
    made.close()


def held(gate):
    """An order that waits in the middle."""

    def carry(_engine):
        yield Progress(status="pulling", total=100, completed=40)
        gate.wait(PATIENCE_S)
        yield Progress(status="success")

    return carry


def state(works, id_):
    return next(one.state for one in works.list() if one.id == id_)


def test_unknown_order_cannot_be_cancelled(works):
    with pytest.raises(ModelMissing):
        works.cancel("7")


def test_second_order_about_a_model_is_refused_while_the_first_runs(works):
    gate = threading.Event()
    works.begin("pull", "m", held(gate))
    with pytest.raises(BadUsage):
        works.begin("load", "m", held(gate))
    gate.set()


def test_more_orders_than_there_is_room_for_are_refused(works):
    gate = threading.Event()
    for number in range(MOST):
        works.begin("pull", f"m{number}", held(gate))
    with pytest.raises(EngineBusy):
        works.begin("pull", "one-more", held(gate))
    gate.set()


def test_order_that_fails_tells_why(works):
    id_ = works.begin("load", "absent", lambda engine: load(engine, "absent", None))
    wait_until(lambda: state(works, id_) == "failed")
    work = works.list()[0]
    assert "absent" in work.trouble
    assert work.hint
    assert work.ended_at == 100.0


def test_progress_is_seen_while_it_runs(works):
    gate = threading.Event()
    id_ = works.begin("pull", "m", held(gate))
    wait_until(lambda: works.list()[0].total == 100)
    assert works.list()[0].share == 0.4
    gate.set()
    wait_until(lambda: state(works, id_) == "done")


def test_order_that_is_given_up_ends_at_its_next_step(works):
    gate = threading.Event()
    id_ = works.begin("pull", "m", held(gate))
    wait_until(lambda: works.list()[0].total == 100)
    works.cancel(id_)
    gate.set()
    wait_until(lambda: state(works, id_) == "cancelled")
    with pytest.raises(ModelMissing):
        works.cancel(id_)


def test_engine_of_an_order_that_is_given_up_is_closed_at_once():
    closed = threading.Event()
    works = Works(FakeEngine, lambda _: closed.set())
    gate = threading.Event()
    id_ = works.begin("pull", "m", held(gate))
    wait_until(lambda: works.list()[0].total == 100)
    works.cancel(id_)
    assert closed.is_set()
    gate.set()
    works.close()


def test_models_are_loaded_and_unloaded(works, engine):
    first = works.begin("load", "scripted", lambda engine: load(engine, "scripted", 512))
    wait_until(lambda: state(works, first) == "done")
    assert [(model.name, model.context_length) for model in engine.loaded()] == [("scripted:latest", 512)]
    second = works.begin("unload", "scripted", lambda engine: unload(engine, "scripted"))
    wait_until(lambda: state(works, second) == "done")
    assert engine.loaded() == ()
    assert works.ended == 2


def test_only_the_last_orders_are_kept(works):
    for number in range(KEPT + 3):
        id_ = works.begin("pull", f"m{number}", lambda _: iter(()))
        wait_until(lambda id_=id_: state(works, id_) == "done")
    assert len(works.list()) == KEPT


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_bug_in_an_order_is_told_as_one(works):
    gate = threading.Event()

    def broken(_engine):
        yield Progress(status="x")
        gate.wait(PATIENCE_S)
        raise ZeroDivisionError

    id_ = works.begin("pull", "m", broken)
    carrier = next(thread for thread in threading.enumerate() if thread.name == f"pull-{id_}")
    gate.set()
    carrier.join(PATIENCE_S)  # the thread tells the bug on its way out: within this test, not in the next one
    assert state(works, id_) == "failed"
    assert "bug" in works.list()[0].trouble


def test_download_that_hangs_is_given_up_and_its_connection_closed():
    def hangs(asked, stage):
        yield b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
        step = line({"status": "pulling abc", "total": 100, "completed": 40})
        yield f"{len(step):x}\r\n".encode() + step + b"\r\n"
        yield from stage.hang()

    with staged(hangs) as stage:
        works = Works(lambda: Ollama(stage.url), lambda engine: engine.close())
        id_ = works.begin("pull", "m", lambda engine: engine.pull(Order(model="m")))
        wait_until(lambda: works.list()[0].share == 0.4)
        works.cancel(id_)
        wait_until(lambda: state(works, id_) == "cancelled")
        works.close()
