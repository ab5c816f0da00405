"""Section `llamacpp`: the embedded engine: its models, how they are loaded, and what it bears."""

from dataclasses import dataclass
from pathlib import Path

from ollascope.serve.llamacpp.wish import CacheType
from ollascope.words.setting import setting, subsection


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How a model is loaded where `models.yaml` and the request say nothing else."""

    context: int = setting(4096, "tokens that prompt and answer of one slot share", minimum=16, maximum=10_000_000)
    slots: int = setting(4, "answers that one model gives at the same time; each has its own context", minimum=1,
                         maximum=256)  # fmt: skip
    batch: int = setting(512, "tokens that are read in one step", minimum=32, maximum=16_384)
    threads: int = setting(0, "threads that answer; 0 measures what is best here", minimum=0, maximum=1024)
    threads_batch: int = setting(0, "threads that read prompts; 0 measures what is best here", minimum=0, maximum=1024)
    cache_k: CacheType = setting("f16", "how keys are remembered: q8_0 and q4_0 take less memory and are slower")
    cache_v: CacheType = setting("f16", "how values are remembered; less than f16 needs flash_attention")
    flash_attention: bool = setting(True, "faster prefill and a smaller buffer")
    gpu_layers: int = setting(0, "layers on a graphics processor, where the build can", minimum=0, maximum=10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How much memory the models may take together."""

    budget_mib: int = setting(
        0, "most memory of all loaded models, in MiB; 0 is `share` of what is free at the start", minimum=0,
        maximum=100_000_000,
    )  # fmt: skip
    share: float = setting(0.8, "share of the free memory that models may take", minimum=0.05, maximum=1)
    most: int = setting(0, "most models in memory; 0 is as many as fit", minimum=0, maximum=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Llamacpp:
    """The embedded engine: its models, how they are loaded, and what it bears."""

    port: int = setting(11437, "port of `ollascope serve`; 0 takes a free one", kind="port", minimum=0)
    demo: bool = setting(True, "`up` starts it with the demo model when no Ollama answers and no engine is set")
    models: Path | None = setting(None, "folder of GGUF files, or one; null is `models` in the data folder")
    listing: Path | None = setting(None, "what is said about models; null is models.yaml in their folder")
    keep_alive_s: float = setting(
        300.0, "an unused model stays loaded for this many seconds; less than 0 is for ever", minimum=-1,
        maximum=1_000_000_000,
    )  # fmt: skip
    queue: int = setting(512, "requests that may wait for a load or a slot; the next one gets 503", minimum=0,
                         maximum=1_000_000)  # fmt: skip
    loading: Loading = subsection(Loading, "how a model is loaded")
    memory: Memory = subsection(Memory, "how much memory the models may take together")
