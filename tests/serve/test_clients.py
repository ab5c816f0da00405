"""The official Python packages of Ollama and OpenAI work with the fake, from lists to errors."""

from collections.abc import Iterator

import pytest

from tests.serve.fronts import started

ollama = pytest.importorskip("ollama", reason="the package ollama is not installed")
openai = pytest.importorskip("openai", reason="the package openai is not installed")
pydantic = pytest.importorskip("pydantic", reason="the package pydantic is not installed")

HELLO = "Hello! I say what my script says."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Person(pydantic.BaseModel):
    name: str
    age: int
    tags: list[str]


def user(text):
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    with started("--ttft", "0", "--gap", "0", data=tmp_path_factory.mktemp("data")) as (_, address):
        yield address


class TestOllama:
    """The package `ollama`."""

    @pytest.fixture
    def client(self, url):
        client = ollama.Client(host=url)
        yield client
        client._client.close()

    def test_list_show_and_running(self, client):
        assert "scripted:latest" in [model.model for model in client.list().models]
        assert client.show("scripted").capabilities == ["completion", "tools", "thinking"]
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
        assert (message.thinking, message.content) == ("Let me think", "Forty-two")

    def test_tools(self, client):
        [call] = client.chat(model="scripted", messages=user("<|tool|>"), tools=[WEATHER]).message.tool_calls
        assert (call.function.name, call.function.arguments) == ("get_weather", {"city": "Paris"})

    def test_schema(self, client):
        answer = client.chat(model="scripted", messages=user("Hi"), format=Person.model_json_schema())
        assert Person.model_validate_json(answer.message.content).age == 42

    def test_embed(self, client):
        found = client.embed(model="vectors", input=["a", "b"]).embeddings
        assert [len(vector) for vector in found] == [512, 512]

    def test_pull_copy_and_delete(self, client):
        assert [step.status for step in client.pull("new", stream=True)][-1] == "success"
        client.copy("new", "second")
        assert client.delete("second").status == "success"

    def test_create(self, client):
        assert client.create(model="poet", from_="scripted", system="You are a poet.").status == "success"

    def test_errors(self, client):
        with pytest.raises(ollama.ResponseError, match="did you mean scripted:latest") as caught:
            client.chat(model="scriptd", messages=user("Hi"))
        assert caught.value.status_code == 404
        with pytest.raises(ollama.ResponseError, match="unexpected EOF"):
            list(client.generate(model="scripted", prompt="<|fail:line|>", stream=True))


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

    def test_tools(self, client):
        answer = client.chat.completions.create(model="scripted", messages=user("<|tool|>"), tools=[WEATHER])
        [call] = answer.choices[0].message.tool_calls
        assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Paris"}')
        assert answer.choices[0].finish_reason == "tool_calls"

    def test_schema(self, client):
        answer = client.chat.completions.parse(model="scripted", messages=user("Hi"), response_format=Person)
        assert answer.choices[0].message.parsed == Person(name="because", age=42, tags=["because"])

    def test_embed(self, client):
        found = client.embeddings.create(model="vectors", input=["a", "b"])  # the package asks for base64 by itself
        assert [len(one.embedding) for one in found.data] == [512, 512]

    def test_errors(self, client):
        with pytest.raises(openai.NotFoundError, match="did you mean scripted:latest"):
            client.chat.completions.create(model="scriptd", messages=user("Hi"))
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model="scripted", messages=user("<|fail:429|>"))
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="scripted", messages=[])
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(model="scripted", messages=user("<|fail:line|>"), stream=True))
