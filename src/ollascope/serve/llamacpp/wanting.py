"""What a request wants of the house: which model, how loaded, for how long, with which options."""

from dataclasses import replace

from ollascope.apis.ollama_request import FOREVER, duration_s, lifetime_s
from ollascope.registry.gguf.read import Header
from ollascope.serve.llamacpp.house.folder import Entry, mark_of
from ollascope.serve.llamacpp.house.house import Wanted
from ollascope.serve.llamacpp.house.room import MIB
from ollascope.serve.llamacpp.settings import Loading
from ollascope.serve.llamacpp.wish import Load
from ollascope.words.prompt import Prompt

SMALLEST_CONTEXT = 4


def want(entry: Entry, header: Header, prompt: Prompt, loading: Loading, *, keep_alive_s: float, guard: bool) -> Wanted:
    """The model in memory with room for what was asked.

    A context smaller than the usual one is not worth another load: the model is loaded with the usual one and this
    answer keeps within what was asked. A larger one is another load. Nothing is larger than the model was trained for.
    """
    told = entry.listed
    load = Load(
        context=max(usual_context(entry, header, loading), context_of(prompt, header) or 0),
        slots=told.slots or loading.slots,
        batch=loading.batch, threads=loading.threads, threads_batch=loading.threads_batch,
        cache_k=loading.cache_k, cache_v=loading.cache_v, flash_attention=loading.flash_attention,
        gpu_layers=loading.gpu_layers, lora=told.lora, lora_scale=told.lora_scale, embeds=header.embeds, guard=guard,
    )  # fmt: skip
    return Wanted(
        name=entry.name, path=entry.path, load=load, lifetime_s=lifetime(entry, prompt, keep_alive_s),
        bytes=(told.memory_mib or 0) * MIB, version=mark_of(entry.path)[1],
    )  # fmt: skip


def usual_context(entry: Entry, header: Header, loading: Loading) -> int:
    """The context of a model where a request asks for none."""
    return int(min(entry.listed.context or loading.context, header.context or FOREVER))


def context_of(prompt: Prompt, header: Header) -> int | None:
    """The context that a request asks for, as far as the model was trained for it; none if it says nothing."""
    asked = prompt.options.get("num_ctx")
    if isinstance(asked, bool) or not isinstance(asked, int | float) or asked <= 0:
        return None
    return int(max(SMALLEST_CONTEXT, min(asked, header.context or asked)))


def lifetime(entry: Entry, prompt: Prompt, usual: float) -> float:
    """How long the model stays after the answer: what the request says, else `models.yaml`, else the settings."""
    if entry.listed.keep_alive is not None:
        usual = duration_s(entry.listed.keep_alive)
    return lifetime_s(prompt.keep_alive, FOREVER if usual < 0 else usual)


def with_defaults(entry: Entry, prompt: Prompt) -> Prompt:
    """The prompt with the model's own options where it sets none."""
    given = entry.listed.options
    options = given.given()
    for name in ("seed", "num_predict", "stop"):
        options.pop(name, None)
    return replace(
        prompt,
        options={**options, **prompt.options},
        seed=given.seed if prompt.seed is None else prompt.seed,
        max_tokens=given.num_predict if prompt.max_tokens is None else prompt.max_tokens,
        stop=prompt.stop or given.stop,
    )
