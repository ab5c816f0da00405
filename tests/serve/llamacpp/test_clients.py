"""The official Python packages of Ollama and OpenAI work with the embedded engine, from lists to errors."""

from pathlib import Path

import pytest

from ollascope.settings.data import create
from tests.serve.llamacpp.rooms import put, started

ollama = pytest.importorskip("ollama", reason="the package ollama is not installed")
openai = pytest.importorskip("openai", reason="the package openai is not installed")

HELLO = "Hello! I say what my script says."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def user(text):
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data folder with models of its own, so that they may be copied, made and deleted."""
    folder = tmp_path_factory.mktemp("data") / "data"
    create(folder)
    put(folder / "models", "scripted", "vectors")
    return folder


@pytest.fixture(scope="module")
def url(llama, data):
    with started(data=data) as (_, told):
        yield told["url"]


class TestOllama:
    """The package `ollama`."""

    @pytest.fixture
    def client(self, url):
        client = ollama.Client(host=url)
        yield client
        client._client.close()

    def test_list_show_and_running(self, client):
        listed = {model.model: model for model in client.list().models}
        assert listed["scripted:latest"].details.family == "qwen3"
        shown = client.show("scripted")
        assert shown.capabilities == ["completion", "tools", "thinking"]
        assert shown.modelinfo["qwen3.context_length"] == 4096
        client.generate(model="scripted", prompt="")
        assert "scripted:latest" in [model.model for model in client.ps().models]

    def test_chat_and_generate(self, client):
        assert client.chat(model="scripted", messages=user("Hi")).message.content == HELLO
        answer = client.generate(model="scripted", prompt="<|zh|>")
        assert (answer.response, answer.done_reason, answer.eval_count) == ("你好，世界。", "stop", 6)

    def test_stream(self, client):
        pieces = list(client.chat(model="scripted", messages=user("Hi"), stream=True))
        assert "".join(piece.message.content for piece in pieces) == HELLO
        assert len(pieces) == 8

    def test_thinking(self, client):
        message = client.chat(model="scripted", messages=user("<|think|>"), think=True).message
        assert (message.thinking.strip(), message.content.strip()) == ("Let me think", "Forty-two")

    def test_tools(self, client):
        [call] = client.chat(model="scripted", messages=user("<|tool|>"), tools=[WEATHER]).message.tool_calls
        assert (call.function.name, call.function.arguments) == ("get_weather", {"city": "Paris"})

    def test_schema(self, client):
        options = {"num_predict": 400, "seed": 1}
        answer = client.chat(
            model="scripted", messages=user("<|json|>"), format={"type": "object"}, options=options
        )  # fmt: skip
        assert answer.message.content.startswith("{")

    def test_logprobs(self, client):
        answer = client.chat(model="scripted", messages=user("Hi"), logprobs=True, top_logprobs=2)
        assert answer.logprobs[0].token == "Hello"
        assert answer.logprobs[0].logprob == pytest.approx(0, abs=1e-3)

    def test_embed(self, client):
        found = client.embed(model="vectors", input=["a", "b"]).embeddings
        assert [len(vector) for vector in found] == [512, 512]

    def test_copy_create_and_delete(self, client, data, tmp_path):
        client.copy("scripted", "second")
        assert client.chat(model="second", messages=user("Hi")).message.content == HELLO
        assert client.delete("second").status == "success"
        digest = client.create_blob(data / "models" / "scripted.gguf")
        assert client.create(model="third", files={"model.gguf": digest}).status == "success"
        assert client.chat(model="third", messages=user("Hi")).message.content == HELLO
        client.delete("third")
        with pytest.raises(ollama.ResponseError) as caught:
            client.chat(model="third", messages=user("Hi"))
        assert caught.value.status_code == 404

    def test_what_it_does_not_do_says_so(self, client):
        with pytest.raises(ollama.ResponseError, match="does not pull models"):
            client.pull("llama3")
        with pytest.raises(ollama.ResponseError, match="does not create a model from"):
            client.create(model="poet", from_="scripted", system="You are a poet.")

    def test_errors(self, client):
        with pytest.raises(ollama.ResponseError, match="did you mean scripted:latest") as caught:
            client.chat(model="scriptd", messages=user("Hi"))
        assert caught.value.status_code == 404
        with pytest.raises(ollama.ResponseError, match="embeddings") as caught:
            client.embed(model="scripted", input="a")
        assert caught.value.status_code == 501


class TestOpenAi:
    """The package `openai`."""

    @pytest.fixture
    def client(self, url):
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            yield client

    def test_list(self, client):
        assert "scripted:latest" in [model.id for model in client.models.list()]
        assert client.models.retrieve("scripted").id == "scripted"

    def test_chat_and_completion(self, client):
        answer = client.chat.completions.create(model="scripted", messages=user("Hi"))
        assert (answer.choices[0].message.content, answer.usage.completion_tokens) == (HELLO, 8)
        assert client.completions.create(model="scripted", prompt="<|zh|>").choices[0].text == "你好，世界。"

    def test_stream_with_usage(self, client):
        chunks = list(
            client.chat.completions.create(
                model="scripted", messages=user("Hi"), stream=True, stream_options={"include_usage": True}
            )
        )
        said = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
        assert "".join(said) == HELLO
        assert chunks[-1].usage.completion_tokens == 8

    def test_limit_by_its_newer_name(self, client):
        answer = client.chat.completions.create(model="scripted", messages=user("Hi"), max_completion_tokens=2)
        assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("Hello! ", "length")

    def test_tools(self, client):
        answer = client.chat.completions.create(model="scripted", messages=user("<|tool|>"), tools=[WEATHER])
        [call] = answer.choices[0].message.tool_calls
        assert call.function.name == "get_weather"
        assert answer.choices[0].finish_reason == "tool_calls"

    def test_embed(self, client):
        found = client.embeddings.create(model="vectors", input=["a", "b"])  # the package asks for base64 by itself
        assert [len(one.embedding) for one in found.data] == [512, 512]

    def test_errors(self, client):
        with pytest.raises(openai.NotFoundError, match="did you mean scripted:latest"):
            client.chat.completions.create(model="scriptd", messages=user("Hi"))
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="scripted", messages=[])
