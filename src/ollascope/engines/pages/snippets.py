"""A question as a command of curl and as a Python program: byte for byte what the playground sends."""

import shlex
from pprint import pformat
from typing import Final

import orjson

from ollascope.apis.formats import write_request
from ollascope.apis.routes import Api, route_to
from ollascope.words.errors import Unsupported
from ollascope.words.prompt import Prompt

KEY: Final = "$OPENAI_API_KEY"
OLLAMA_LINES: Final = """\
    for line in answer.iter_lines():
        if line:
            print(json.loads(line)["message"]["content"], end="", flush=True)
"""
OPENAI_LINES: Final = """\
    for line in answer.iter_lines():
        if line.startswith(b"data: ") and line != b"data: [DONE]":
            for choice in json.loads(line[6:])["choices"]:
                print(choice["delta"].get("content") or "", end="", flush=True)
"""


def snippets(engine: str, backend: str, prompt: Prompt) -> dict[str, str]:
    """The same question for a terminal and for Python."""
    if not backend.startswith("http"):
        raise Unsupported(
            "the fake engine answers in this process and has no address", hint="`ollascope fake` is a server"
        )
    api: Api = "openai" if engine == "openai" else "ollama"
    route = route_to(api, "chat")
    assert route is not None
    url, body = backend + route.path, write_request(api, "chat", prompt)
    return {"curl": _curl(api, url, body), "python": _python(api, url, body)}


def _curl(api: Api, url: str, body: bytes) -> str:
    parts = ["curl -N " + shlex.quote(url), "-H 'Content-Type: application/json'"]
    if api == "openai":
        parts.append(f'-H "Authorization: Bearer {KEY}"')
    return " \\\n  ".join([*parts, "-d " + shlex.quote(body.decode())]) + "\n"


def _python(api: Api, url: str, body: bytes) -> str:
    told = pformat(orjson.loads(body), sort_dicts=False, width=100)
    headers = 'headers={"Authorization": f"Bearer {os.environ[\'OPENAI_API_KEY\']}"}, ' if api == "openai" else ""
    imports = "import json\nimport os\n" if api == "openai" else "import json\n"
    return (
        f"{imports}\nimport requests\n\nbody = {told}\n"
        f"with requests.post({url!r}, json=body, {headers}stream=True, timeout=600) as answer:\n"
        "    answer.raise_for_status()\n"
        f"{OPENAI_LINES if api == 'openai' else OLLAMA_LINES}"
    )
