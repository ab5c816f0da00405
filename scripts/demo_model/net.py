"""The Qwen3 architecture in torch, just enough of it to train a small model, with the tensors named as in GGUF."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ollascope.registry.gguf.qwen3 import EPSILON, Shape, layout


class Net(nn.Module):
    """A Qwen3 model whose parameters carry the names of `layout`."""

    def __init__(self, shape: Shape, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.shape = shape
        self.weights = nn.ParameterDict({  # a ParameterDict's keys have no dots
            name.replace(".", "/"): _start(measures, generator) for name, measures in layout(shape)
        })  # fmt: skip

    def __getitem__(self, name: str) -> Tensor:
        return self.weights[name.replace(".", "/")]

    def forward(self, tokens: Tensor) -> Tensor:
        """The state behind every token, ready to be compared with the embeddings."""
        state = functional.embedding(tokens, self["token_embd.weight"])
        turns = _turns(tokens.shape[1], self.shape)
        for layer in range(self.shape.layers):
            blk = f"blk.{layer}"
            state = state + self._attend(blk, _norm(state, self[f"{blk}.attn_norm.weight"]), turns)
            state = state + self._feed(blk, _norm(state, self[f"{blk}.ffn_norm.weight"]))
        return _norm(state, self["output_norm.weight"])

    def logits(self, state: Tensor) -> Tensor:
        """How likely each token is next, before the softmax."""
        return functional.linear(state, self["token_embd.weight"])

    def _attend(self, blk: str, state: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        batch, length, _ = state.shape
        shape = self.shape

        def heads(name: str, count: int) -> Tensor:
            return functional.linear(state, self[f"{blk}.{name}.weight"]).view(batch, length, count, shape.head)

        queries = _turned(_norm(heads("attn_q", shape.heads), self[f"{blk}.attn_q_norm.weight"]), turns)
        keys = _turned(_norm(heads("attn_k", shape.kv_heads), self[f"{blk}.attn_k_norm.weight"]), turns)
        values = heads("attn_v", shape.kv_heads)
        share = shape.heads // shape.kv_heads
        keys, values = (part.repeat_interleave(share, dim=2) for part in (keys, values))
        mixed = functional.scaled_dot_product_attention(
            queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2), is_causal=True
        )
        return functional.linear(mixed.transpose(1, 2).reshape(batch, length, -1), self[f"{blk}.attn_output.weight"])

    def _feed(self, blk: str, state: Tensor) -> Tensor:
        gate = functional.silu(functional.linear(state, self[f"{blk}.ffn_gate.weight"]))
        up = functional.linear(state, self[f"{blk}.ffn_up.weight"])
        return functional.linear(gate * up, self[f"{blk}.ffn_down.weight"])


def _start(measures: tuple[int, ...], generator: torch.Generator) -> nn.Parameter:
    if len(measures) == 1:
        return nn.Parameter(torch.ones(measures))
    return nn.Parameter(torch.randn(measures, generator=generator) * measures[-1] ** -0.5 * 0.5)


def _norm(state: Tensor, weight: Tensor) -> Tensor:
    return state * torch.rsqrt(state.pow(2).mean(-1, keepdim=True) + EPSILON) * weight


def _turns(length: int, shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosine and sine of each place's angle for each pair of numbers in a head."""
    half = shape.head // 2
    speeds = shape.rope_base ** (-torch.arange(half, dtype=torch.float32) / half)
    angles = torch.arange(length, dtype=torch.float32)[:, None] * speeds
    return angles.cos()[:, None, :], angles.sin()[:, None, :]


def _turned(heads: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    cosine, sine = turns
    left, right = heads.chunk(2, dim=-1)
    return torch.cat((left * cosine - right * sine, right * cosine + left * sine), dim=-1)
