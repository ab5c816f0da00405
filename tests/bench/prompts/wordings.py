"""Short ways to ask for prompts."""

from ollascope.bench.asked import Asked, Level, Load, Target, Wording
from ollascope.bench.material import FRESH, freshen
from ollascope.bench.prompts import make_material, read_lengths


def asked(operation="chat", seed=1, **wording):
    for name in ("tokens_in", "max_tokens"):
        if isinstance(wording.get(name), str):
            wording[name] = read_lengths(wording[name])
    target = Target(url="http://127.0.0.1:1", model="m", operation=operation)
    return Asked(target=target, load=Load(levels=(Level(users=1),)), wording=Wording(**wording), seed=seed)


def material(operation="chat", count=None, trace=None, seed=1, **wording):
    return make_material(asked(operation, seed, **wording), trace, count, lambda _: None)


def texts(found):
    """What each request would say."""
    return [said(prompt).replace(FRESH, freshen("run", number)) for number, prompt in enumerate(found.prompts)]


def said(prompt):
    return prompt.text or "".join(message.content for message in prompt.messages) or prompt.inputs[0]
