"""Every reason that a verdict can give: its stable code, its sentence, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ollascope.bench.result import Reason, Weight
from ollascope.words.record import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """A sentence with {names} for its figures, one without for where these are not known, and a hint."""

    template: str
    hint: str | None = None
    bare: str | None = None


def reason(code: str, weight: Weight, **figures: Json) -> Reason:
    """The reason of that code; without figures in its bare form, if it has one."""
    saying = SAYINGS[code]
    template = saying.bare if saying.bare is not None and not figures else saying.template
    text = template.format(**figures)
    return Reason(code=code, weight=weight, text=text, hint=saying.hint, figures=figures, template=template)


SAYINGS: Final[Mapping[str, Saying]] = {
    # the load
    "nothing-counted": Saying(
        template="no request counts: none was sent after the warm-up",
        hint="let the run last longer, or make its warm-up shorter"),
    "rate-not-delivered": Saying(
        template="{sent} requests/s were sent of the {due} that were due: the load that was asked for was not there",
        hint="raise --most-at-once or leave it out, or ask for a lower rate"),
    "requests-missing": Saying(
        template="{missing} requests were due and were never sent",
        hint="see the run's notes; run it again"),
    "queue-grows": Saying(
        template="the server cannot deliver {asked} requests/s: it finished {done} requests/s, and they waited longer "
                 "and longer, {first} for the first of them and {last} for the last; so the latencies say how long the "
                 "run was",
        hint="ask for a rate below what the server finished, or find the limit with a sweep"),
    "users-not-reached": Saying(
        template="at most {peak} requests were on their way at one time, of {users} users",
        hint="ask for more requests or a longer run, so that all users are busy at the same time"),
    "arrival-misfit": Saying(
        template="requests did not arrive as {arrival} asks: distance {distance} over {gaps} gaps, p = {p}",
        hint="the client was late or held back; give it more CPU or a lower rate"),
    "gaps-uneven": Saying(
        template="requests were to come at even intervals, and these vary by {cv} of their mean",
        hint="the client was late or held back; give it more CPU or a lower rate"),
    "sent-late": Saying(
        template="one request in a hundred was sent {late} or more after it was due, because of the client",
        hint="read the latencies from due, which hold this time; give the client more CPU or another machine"),
    # the client
    "client-busy": Saying(
        template="the client used {share} of a core; near a whole core its own work shows in the latencies",
        hint="give it more processes with --workers, or run it on another machine"),
    "client-too-slow": Saying(
        template="the client used {share} of a core and could not keep up: it measured itself",
        hint="give it more processes with --workers, or run it on another machine"),
    "client-lag": Saying(
        template="the client was busy or had no CPU: it noticed one event in a hundred {lag} late or later",
        hint="leave the client a core of its own, ask for fewer streams, or run it on another machine"),
    "worker-died": Saying(
        template="a process of the client ended before its time; the load was not the one that was asked for",
        hint="see the run's notes; run it again"),
    "calls-lost": Saying(
        template="{lost} requests could not be written to the disk; the figures hold them, the run's files do not",
        hint="make room on the disk"),
    "unreadable-lines": Saying(
        template="{lines} lines of the run's files cannot be read and do not count",
        hint="a process was killed while it wrote, or the disk is damaged"),
    "clock-stepped": Saying(
        template="the clock of this machine was moved by {step} during the run; latencies are measured by another one, "
                 "times of day may be wrong",
        hint="let the time service settle before a run"),
    # the sample
    "too-few-requests": Saying(
        template="{n} requests are too few for {which}: {more} more are needed",
        hint="ask for more requests or a longer run; until then read only the percentiles that have an interval"),
    "not-steady": Saying(
        template="no steady state was reached: {what} went on changing, by {drift} of its middle between thirds of "
                 "the run",
        hint="let the run last longer, with a warm-up, and look at the chart over time"),
    "steady-late": Saying(
        template="the steady state began only at {since}: {what} is {whole} in the middle over the whole run and "
                 "{settled} after that",
        hint="give a warm-up of that length, so that the beginning does not count"),
    "level-shift": Saying(
        template="{what} changed from {before} to {after} at {at} and stayed there: the figures mix two states",
        hint="look at the chart over time and at the machine: load, other programs, temperature"),
    # the answers
    "nothing-finished": Saying(
        template="no answer was finished while the run lasted",
        hint="let it last longer, or ask for shorter answers"),
    "all-failed": Saying(
        template="all {failed} requests failed: {which}",
        hint="try one request with `ollascope ask`; `ollascope doctor` looks for the cause"),
    "errors": Saying(
        template="{failed} of {requests} requests failed ({share}): {which}; they count as infinitely slow",
        hint="find the cause first: the speed of a server that fails is not the speed of one that works"),
    "given-up": Saying(
        template="{cancelled} of {requests} requests were still running at the end and were given up: they count as "
                 "slow as others that had waited so long",
        hint="give the answers more time at the end with --grace, or ask for a number of requests instead of a time"),
    "retried": Saying(
        template="{retries} requests had to be sent again; their latency holds the time of both",
        hint=None),
    "tokens-not-told": Saying(
        template="the server tells no token counts: there are no figures for tokens",
        hint="ask over the server's own API, or over one that tells usage"),
    "prompts-truncated": Saying(
        template="{count} prompts were longer than the context and were cut: they cost less than what was asked",
        hint="ask for shorter prompts or a larger context"),
    "context-full": Saying(
        template="{count} answers ended in the middle because the context was full",
        hint="ask for shorter prompts or answers, or a larger context"),
    "options-ignored": Saying(
        template="{count} answers ignored something that was asked for: {which}",
        hint="see `ollascope doctor`; the server may be too old for this option"),
    "prompt-lengths-missed": Saying(
        template="prompts had {found} tokens on average, {wanted} were asked for",
        hint="see whether the context is long enough for them (num_ctx), or use prompts of your own"),
    "answers-short": Saying(
        template="answers had {found} tokens on average, up to {wanted} were asked for: they ended by themselves",
        hint="compare runs only where answers are equally long"),
    "cache-helped": Saying(
        template="the server's cache held {share} of the prompts' tokens although prompts were to be new to it",
        hint="the time to first token is better than for prompts that are really new; turn the server's cache off"),
    "cache-idle": Saying(
        template="the cache was to help, and held none of the prompts' tokens",
        hint="the server may keep no cache, or more users than it has places for"),
    "other-model": Saying(
        template="{count} answers came from another model than the one that was asked: {which}",
        hint="a proxy or a fallback stands in between; name the model exactly"),
    # the machine
    "cpu-stolen": Saying(
        template="other machines on the same host took up to {steal} of this one's CPU time",
        hint="run it again at a quieter time, or on a machine of its own"),
    "swapped": Saying(
        template="memory was short: {grown} more were swapped out while requests counted",
        hint="end other programs, or use a smaller model or context"),
    "throttled": Saying(
        template="a graphics processor was slowed down while requests counted: heat or a power limit",
        hint="let it cool down, or raise its power limit"),
    "cpu-limited": Saying(
        template="the limit on CPU time of this container or service took time away while requests counted",
        hint="raise the limit, or measure with it on purpose"),
    "clock-dropped": Saying(
        template="the processor slowed down from {early} to {late} at up to {heat}",
        hint="let it cool down; a longer run shows the lasting speed"),
    "others-busy": Saying(
        template="other programs used up to {share} of this machine's CPU",
        hint="end them, and run it again"),
    "crowded": Saying(
        template="server and client share this machine, its CPU was full ({cpu}), and the client took {client} of it",
        hint="run the client on another machine"),
    "same-host": Saying(
        template="server and client share this machine: the client took {client} of a core, the server {server}",
        bare="server and client share this machine"),
    # the server and the run
    "server-restarted": Saying(
        template="the server was started again during the run",
        hint="look at the server's log; run it again"),
    "server-changed": Saying(
        template="the server was not the same afterwards: {which}",
        hint="nobody else may change the server during a run"),
    "model-loaded": Saying(
        template="the model was loaded {loads} times while requests counted: loading is in these latencies",
        hint="give a warm-up, keep the model in memory with keep_alive, and let nobody else use the server"),
    "interrupted": Saying(
        template="the run was ended before its time ({by}); these are the figures until then",
        hint="`ollascope bench resume` goes on with it"),
    "stopped-early": Saying(
        template="the run ended at its limit of {by}",
        hint=None),
    "resumed": Saying(
        template="the run was taken up again {times} times: caches and the machine may have been in another state",
        hint=None),
    "demo": Saying(
        template="figures made with the demo model or the fake server say nothing about real models",
        hint=None),
}  # fmt: skip
