"""What was asked of a run reads as a person would say it."""

import pytest

from ollascope.bench.asked import Asked, Ends, Goals, Lengths, Level, Load, Target, Wording
from ollascope.bench.shown.told import asked_rows, load_text

TARGET = Target(url="http://127.0.0.1:11434", model="m")


def load(*levels, wording=None, **more):
    return load_text(Asked(target=TARGET, load=Load(levels=levels, **more), wording=wording or Wording()))


def rows(**more):
    return dict(asked_rows(Asked(target=TARGET, load=Load(levels=(Level(users=1),)), **more)))


@pytest.mark.parametrize(
    ("levels", "more", "text"),
    [
        ([Level(users=1, seconds=30)], {}, "one user for 30 s"),
        ([Level(users=8, requests=100)], {"think_s": 2.0},
         "8 users at once, 100 requests · each waits 2 s between answer and question"),
        ([Level(users=1, seconds=9, requests=1)], {}, "one user for 9 s, one request"),
        ([Level(rate=20, seconds=30)], {"arrival": "constant"}, "20 requests/s for 30 s · at even distances"),
        ([Level(rate=20)], {"arrival": "gamma", "burstiness": 4.0, "most_at_once": 64},
         "20 requests/s · at random (gamma, burstiness 4) · at most 64 at once"),
        ([Level(rate=1, until_rate=50, seconds=60)], {"arrival": "poisson"},
         "from 1 to 50 requests/s for 60 s · at random (Poisson)"),
        ([Level(users=n, seconds=20) for n in (1, 2, 4)], {"apart": True},
         "1, 2, 4 users at once, each for 20 s · each begins when the one before has ended"),
        ([Level(rate=n, requests=9) for n in (1, 2, 4)], {"arrival": "poisson"},
         "1, 2, 4 requests/s, each 9 requests · at random (Poisson)"),
        ([Level(users=1, seconds=9), Level(users=5, seconds=3)], {},
         "one user for 9 s, then 5 users at once for 3 s"),
        ([Level(users=n, seconds=1) for n in range(1, 20)], {}, "1, 2, 3, 4, …, 19 users at once, each for 1 s"),
        ([], {"arrival": "trace", "trace": "a.jsonl"}, "as in the trace a.jsonl"),
    ],
)  # fmt: skip
def test_load_in_one_line(levels, more, text):
    assert load(*levels, **more) == text


def test_levels_of_different_kinds_are_told_one_by_one():
    assert load(Level(users=1), Level(rate=2), Level(users=3)) == "one user, then 2 requests/s, then 3 users at once"


def test_conversations_are_told_with_the_load():
    assert load(Level(users=2), wording=Wording(turns=5)) == "2 users at once · conversations of 5 questions"


def test_prompts_answers_ends_and_goals():
    told = rows(
        wording=Wording(
            source="synthetic", tongue="zh", tokens_in=Lengths(mean=100, spread=20, shape="normal"),
            max_tokens=Lengths(mean=64), cache="friendly", prefix_tokens=500, prefixes=3, think=False,
            options={"temperature": 0},
        ),
        ends=Ends(seconds=30, requests=100, errors=5, warm_up_s=3, warm_up_requests=2, cool_down_s=1),
        goals=Goals(ttft_s=0.5, gap_s=0.2, tpot_s=0.05), seed=7,
    )  # fmt: skip
    assert told["prompts"] == ("made texts: Chinese · 100 tokens ± 20 (normal) · 3 shared beginnings of 500 tokens · "
                               "the server's cache may help")  # fmt: skip
    assert told["answers"] == "at most 64 tokens · thinking off · temperature 0"
    assert told["it ends after"] == "30 s, 100 requests, 5 errors"
    assert told["does not count"] == "the first 3 s, the first 2 requests, the last 1 s"
    assert told["goals"] == "first token within 500 ms, at most 50 ms a token, no pause above 200 ms"
    assert told["seed"] == "7"


def test_what_was_not_asked_is_not_told():
    assert set(rows()) == {"server", "model", "load", "prompts", "seed"}


def test_file_of_prompts_is_named():
    assert rows(wording=Wording(source="file", file="/data/x.jsonl"))["prompts"].startswith("from /data/x.jsonl · ")
