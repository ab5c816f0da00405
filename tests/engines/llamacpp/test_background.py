"""A build on a thread of its own says how it ended, and ends when it is stopped."""

import threading

from ollascope.engines.llamacpp.background import Background
from ollascope.engines.llamacpp.building.build import Wish
from ollascope.engines.llamacpp.building.step import Step
from ollascope.words.errors import Interrupted, PackageMissing

WISH = Wish(cache=None)


def played(build, *, stop=False):
    steps, ends, over = [], [], threading.Event()

    def done(trouble):
        ends.append(trouble)
        over.set()

    work = Background(WISH, steps.append, done, build)
    work.start()
    if stop:
        work.stop(10)
    assert over.wait(10)
    return steps, ends


def test_steps_and_end_are_told():
    steps, ends = played(lambda report, wish, stop: report(Step(stage="compile", done=1, total=2)))
    assert [step.text for step in steps] == ["compiling, 1 of 2 "]
    assert ends == [None]


def test_trouble_is_told():
    missing = PackageMissing("no compiler", hint="install one")

    def build(report, wish, stop):
        raise missing

    assert played(build)[1] == [missing]


def test_stop_reaches_the_build():
    def build(report, wish, stop):
        assert stop.wait(10)
        raise Interrupted("stopped", hint="again")

    assert [type(end) for end in played(build, stop=True)[1]] == [Interrupted]
