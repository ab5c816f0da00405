"""Section `probes`: the known question, how often it is asked, and of which model."""

from dataclasses import dataclass

from ollascope.words.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """The known question, how often it is asked, and of which model."""

    enabled: bool = setting(False, "ask a known question again and again, and tell when its answer changes")
    every_s: float = setting(
        600.0, "seconds between two times; where models leave memory after a while, keep it longer than that",
        minimum=10, maximum=86_400,
    )  # fmt: skip
    model: str | None = setting(None, "the model to ask; null: those in memory. No model is loaded to be asked")
    prompt: str = setting(
        "Tell a very short story about a lighthouse, a violin and the number 37.", "what is asked; kept nowhere else"
    )
    max_tokens: int = setting(32, "tokens of an answer", minimum=1, maximum=1024)
    timeout_s: float = setting(60.0, "seconds that an answer may take", minimum=0.1, maximum=3600)
