"""What is remembered of the models in memory: asked rarely, never in the way, and enough to tell why one was loaded."""

from ollascope.apis.models import Model
from ollascope.engines.ollama.silence.watch import FRESH_S, KEPT_S, Watch
from ollascope.words.clock import Clock


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> Clock:
        return Clock(wall=lambda: 1_795_226_161.0 + self.now, monotonic=lambda: self.now)


def loaded(context: int = 2048, until: str = "2126-01-01T00:00:00Z") -> tuple[Model, ...]:
    return (Model(name="llama3.2:latest", context_length=context, expires_at=until),)


def test_server_is_asked_before_the_first_answer_and_then_rarely():
    hands, asked = Hands(), []

    def look():
        asked.append(hands.now)
        return loaded()

    watch = Watch(hands.clock())
    for now in (0, 1, KEPT_S, KEPT_S + 1):
        hands.now = now
        watch.before("llama3.2", look)
    assert asked == [0, KEPT_S + 1]


def test_model_is_known_by_any_of_its_names():
    watch = Watch(Hands().clock())
    for name in ("llama3.2", "llama3.2:latest", "Llama3.2", "registry.ollama.ai/library/llama3.2"):
        around = watch.before(name, loaded)
        assert around.asked
        assert around.before is not None
        assert around.before.context == 2048


def test_model_that_was_not_in_memory_is_told_from_one_of_which_nothing_is_known():
    known, unknown = Watch(Hands().clock()), Watch(Hands().clock())
    assert known.before("m", loaded).asked
    assert known.before("m", loaded).before is None
    assert not unknown.before("m", lambda: None).asked


def test_model_that_left_before_its_time_was_evicted():
    watch = Watch(Hands().clock())
    watch.note(loaded())
    watch.note(())
    assert watch.before("llama3.2", loaded).evicted


def test_model_whose_time_was_over_was_not_evicted():
    watch = Watch(Hands().clock())
    watch.note(loaded(until="2026-11-21T01:56:00Z"))
    watch.note(())
    assert not watch.before("llama3.2", loaded).evicted


def test_knowledge_gets_old():
    hands = Hands()
    watch = Watch(hands.clock())
    assert watch.is_stale()
    watch.note(())
    assert not watch.is_stale()
    hands.now = FRESH_S + 1
    assert watch.is_stale()
