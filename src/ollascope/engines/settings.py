"""Section `engines`: which model server is used, where it is, and with what patience."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ollascope.words.setting import Secret, setting, subsection

Use = Literal["auto", "ollama", "openai", "fake"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaAt:
    """Where Ollama is."""

    url: str | None = setting(
        None, "address of Ollama, in every form that OLLAMA_HOST may have; none: it is looked for on this machine"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiAt:
    """Where a server of the OpenAI API is."""

    url: str | None = setting(
        None, "address of a server of the OpenAI API (llama-server, vLLM, …), up to but without /v1"
    )
    key: Secret = setting(Secret(""), "the key it asks for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long each phase of a request may take."""

    connect_s: float = setting(5.0, "seconds for name, TCP and TLS", minimum=0.01, maximum=300)
    first_s: float = setting(
        600.0, "seconds until the first token: loading, queue and prefill lie in it", minimum=0.1, maximum=86_400
    )
    idle_s: float = setting(120.0, "seconds of silence between two tokens", minimum=0.1, maximum=86_400)
    answer_s: float = setting(30.0, "seconds for the whole of a small answer, as a list", minimum=0.1, maximum=3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """When a request that failed before its first token is sent again."""

    attempts: int = setting(3, "how often a request is sent at most; 1: never again", minimum=1, maximum=20)
    wait_s: float = setting(
        0.25, "seconds before the second attempt, doubled before each further one", minimum=0, maximum=60
    )
    longest_s: float = setting(
        10.0, "longest wait; if the server asks for more, the request fails", minimum=0, maximum=600
    )
    budget: float = setting(
        0.1, "retries for each request, on average: an outage is not multiplied", minimum=0, maximum=1
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Which model server is used, where it is, and with what patience."""

    use: Use = setting("auto", "the engine in force; auto: the one whose address is set, else Ollama")
    ca_file: Path | None = setting(
        None, "file of the certificate authorities to trust for https addresses; none: the usual ones"
    )
    ollama: OllamaAt = subsection(OllamaAt, "where Ollama is")
    openai: OpenAiAt = subsection(OpenAiAt, "where a server of the OpenAI API is")
    patience: Waiting = subsection(Waiting, "how long each phase of a request may take")
    retries: Retrying = subsection(Retrying, "when a failed request is sent again")
