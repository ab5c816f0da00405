"""All rules of a verdict, in the order in which a reader wants to know."""

from collections.abc import Callable, Iterator
from typing import Final

from ollascope.bench.result import Reason
from ollascope.bench.verdict import answers, client, load, machine, sample, server
from ollascope.bench.verdict.signs import Case

Rule = Callable[[Case], Iterator[Reason]]

RULES: Final[tuple[Rule, ...]] = (
    load.nothing_counted,
    answers.failed,
    load.queue_grows,
    load.rate_not_delivered,
    load.requests_missing,
    load.users_not_reached,
    client.worker_died,
    client.client_busy,
    client.client_lag,
    load.sent_late,
    load.arrival_misfit,
    load.gaps_uneven,
    server.server_restarted,
    answers.other_model,
    server.model_loaded,
    sample.too_few_requests,
    sample.not_steady,
    answers.given_up,
    answers.tokens_not_told,
    answers.done_in_silence,
    answers.lengths_missed,
    answers.cache_unlike_asked,
    answers.retried,
    machine.cpu_stolen,
    machine.swapped,
    machine.slowed,
    machine.others_busy,
    machine.same_host,
    client.clock_stepped,
    client.calls_lost,
    client.unreadable_lines,
    server.ended_early,
    server.resumed,
    server.demo,
)
