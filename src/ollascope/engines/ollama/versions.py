"""Which Ollama can do what: the versions in which abilities and options came and went."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

Version = tuple[int, int, int]

RUNNER: Final[Version] = (0, 30, 0)  # from here on llama-server does the work, in a process of its own
TOOLS: Final[Version] = (0, 2, 6)
IMAGES: Final[Version] = (0, 1, 15)
EMBED: Final[Version] = (0, 3, 0)
SCHEMA: Final[Version] = (0, 5, 0)
FILES: Final[Version] = (0, 5, 5)  # `create` takes digests of files, where it took a Modelfile
THINKING: Final[Version] = (0, 9, 0)
CONTEXT_TOLD: Final[Version] = (0, 10, 0)  # `ps` tells the context in force
LOGPROBS: Final[Version] = (0, 12, 11)
OLDEST: Final[Version] = FILES  # the oldest that all of this client's requests are right for

_ALWAYS: Final[Version] = (0, 0, 0)
_SINCE: Mapping[str, Version] = {
    **dict.fromkeys(
        (
            *("seed", "num_predict", "num_keep", "num_ctx", "num_batch", "num_gpu", "num_thread", "main_gpu"),
            *("use_mmap", "temperature", "top_k", "top_p", "typical_p", "repeat_last_n", "repeat_penalty"),
            *("presence_penalty", "frequency_penalty", "stop"),
        ),
        _ALWAYS,
    ),
    "min_p": (0, 3, 1),
    "draft_num_predict": RUNNER,
}
_UNTIL: Mapping[str, Version] = {
    "embedding_only": (0, 1, 28),
    **dict.fromkeys(("num_gqa", "rope_frequency_base", "rope_frequency_scale"), (0, 1, 35)),
    "numa": (0, 3, 4),
    "tfs_z": (0, 5, 2),
    "penalize_newline": (0, 5, 5),
    **dict.fromkeys(("f16_kv", "logits_all", "low_vram", "use_mlock", "vocab_only"), (0, 7, 0)),
    **dict.fromkeys(("mirostat", "mirostat_eta", "mirostat_tau"), (0, 7, 0)),
}


def read_version(text: str | None) -> Version | None:
    """The numbers of a version: 0.33.0-rc2 is (0, 33, 0); a build of one's own, 0.0.0, says nothing."""
    found = re.match(r"v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?![\d.])", text or "")
    if found is None:
        return None
    numbers = (int(found[1]), int(found[2]), int(found[3] or 0))
    return numbers if numbers != (0, 0, 0) else None


def ignored_options(names: Iterable[str], version: Version | None) -> tuple[str, ...]:
    """The options that this version takes without a word and does nothing with."""
    return tuple(name for name in names if not _knows(name, version))


def needs_version(names: Iterable[str]) -> bool:
    """Whether it hangs on the version which of these options are ignored."""
    return any(name in _UNTIL or _SINCE.get(name, _ALWAYS) != _ALWAYS for name in names)


def _knows(name: str, version: Version | None) -> bool:
    if version is None:
        return name in _SINCE or name in _UNTIL
    if name in _UNTIL:
        return version < _UNTIL[name]
    return name in _SINCE and version >= _SINCE[name]
