"""Section `addresses`: where people, programs and Prometheus find Ollascope."""

from dataclasses import dataclass

from ollascope.words.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where people, programs and Prometheus find Ollascope."""

    host: str = setting("127.0.0.1", "address that every port below is opened on", kind="host")
    dashboard: int = setting(8080, "port of the pages for people", kind="port")
    gateway: int = setting(11435, "port for programs: the Ollama, OpenAI and Anthropic APIs", kind="port")
    monitor: int = setting(9464, "port that Prometheus scrapes", kind="port")
