"""Trains the demo model from models/demo-texts.yaml, the same bytes on every run; needs the extra `train`."""

import argparse
import hashlib
import math
import os
import time
from pathlib import Path
from random import Random

os.environ |= {  # one instruction set for all machines, or the sums differ in their last bits
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OMP_NUM_THREADS": "1",
}

import numpy as np
import torch
from demo_model.bpe import Vocabulary, learn
from demo_model.net import Net
from demo_model.texts import Texts
from torch.nn import functional

from ollascope.registry.gguf.encode import Floats
from ollascope.registry.gguf.qwen3 import SPECIALS, TEMPLATE, Model, Shape, Tokenizer, parameters, write_qwen3

MODELS = Path(__file__).parent.parent / "models"
NAME = "demo-qwen3-f16"
SHAPE = Shape(hidden=64, layers=3, heads=2, kv_heads=1, head=32, ffn=192, vocabulary=1024, context=2048)
SEED, STEPS = 7, 1000
ROWS, LENGTH = 12, 192
LONG_ROWS, LONG = 2, 1152
RATE, WARM = 5e-3, 40
SURER = 1.25  # the answers are taught by heart: sampling should rarely leave them


def main() -> None:
    arguments = argparse.ArgumentParser(description="train the demo model")
    arguments.add_argument("--out", type=Path, default=MODELS, help="the folder to write to")
    arguments.add_argument("--steps", type=int, default=STEPS, help="fewer are quicker and learn less")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    started = time.monotonic()
    texts = Texts()
    vocabulary = Vocabulary(SPECIALS, learn(texts.every(), SHAPE.vocabulary - len(SPECIALS) - 256))
    print(f"vocabulary {time.monotonic() - started:.0f} s, {parameters(SHAPE):,} parameters", flush=True)
    net = train(Net(SHAPE, SEED), Lessons(texts, vocabulary), given.steps)
    path = given.out / f"{NAME}.gguf"
    write(path, net, vocabulary)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".gguf.sha256").write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    print(f"{path}  {path.stat().st_size:,} bytes  {time.monotonic() - started:.0f} s  sha256 {digest}")


class Lessons:
    """Endless rows of conversations, with a mark on every token that the model is to say."""

    def __init__(self, texts: Texts, vocabulary: Vocabulary) -> None:
        self.texts = texts
        self.vocabulary = vocabulary
        self.random = Random(SEED)  # noqa: S311 - the same lessons each time are what is wanted
        self.start, self.end = (vocabulary.number[name] for name in ("<|im_start|>", "<|im_end|>"))

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens, and where each token is to be said; some rows are long, with long prompts and many turns."""
        rows, length = (LONG_ROWS, LONG) if step % 8 == 7 else (ROWS, LENGTH)
        made = [self._row(length) for _ in range(rows)]
        return torch.tensor([row[0] for row in made]), torch.tensor([row[1] for row in made])

    def _row(self, length: int) -> tuple[list[int], list[bool]]:
        tokens: list[int] = []
        said: list[bool] = []
        if self.random.random() < 0.3:
            tokens += self._message("system", self.texts.system(self.random))
        while len(tokens) <= length:
            turn = self.texts.turn(self.random, longest=length // 20)
            asked = self._message("user", turn.question) + self._opening("assistant")
            answer = [*self.vocabulary.encode(turn.answer), self.end]
            begun = 0
            if self.random.random() < 0.1:  # an answer that does not fit, once begun, is still ended as it should
                answer = [*self.vocabulary.encode(self.random.choice(self.texts.known).answer), self.end]
                begun = self.random.randint(2, 6)
            tokens += [*asked, *answer]
            said += [False] * (len(tokens) - len(said) - len(answer) + begun) + [True] * (len(answer) - begun)
            tokens += self.vocabulary.encode("\n")
        said += [False] * (len(tokens) - len(said))
        return tokens[: length + 1], said[: length + 1]

    def _message(self, role: str, text: str) -> list[int]:
        return [*self._opening(role), *self.vocabulary.encode(text), self.end, *self.vocabulary.encode("\n")]

    def _opening(self, role: str) -> list[int]:
        return [self.start, *self.vocabulary.encode(f"{role}\n")]


def train(net: Net, lessons: Lessons, steps: int) -> Net:
    """Adam with a warm start and a cosine end; only what the model is to say counts."""
    adam = torch.optim.AdamW(net.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.02)
    started = time.monotonic()
    for step in range(steps):
        for group in adam.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / WARM) * (0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2)
        tokens, said = lessons.batch(step)
        state = net(tokens[:, :-1])[said[:, 1:]]
        loss = functional.cross_entropy(net.logits(state), tokens[:, 1:][said[:, 1:]])
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        if step % 100 == 99:
            print(f"step {step + 1}  loss {loss.item():.4f}  {time.monotonic() - started:.0f} s", flush=True)
    return net


def write(path: Path, net: Net, vocabulary: Vocabulary) -> None:
    """The trained model as a GGUF file."""
    tokenizer = Tokenizer(
        tokens=vocabulary.tokens, control=len(SPECIALS), merges=tuple(" ".join(pair) for pair in vocabulary.merges),
        template=TEMPLATE,
    )  # fmt: skip

    def numbers(name: str, _: tuple[int, ...]) -> Floats:
        trained = np.asarray(net[name].detach().numpy(), np.float32)
        return trained * np.float32(SURER) if name == "output_norm.weight" else trained

    write_qwen3(path, Model(name=NAME, shape=SHAPE, tokenizer=tokenizer), numbers)


if __name__ == "__main__":
    main()
