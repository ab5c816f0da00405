"""Makes a model file for tests: `scripted` says what its script says, `random` is untrained and of any size."""

import argparse
import hashlib
import sys
import time
from pathlib import Path

from ollascope.registry.gguf.random import PRESETS, write_random
from ollascope.registry.gguf.scripted import write_scripted
from ollascope.words.errors import BadUsage, Trouble

MEASURES = ("hidden", "layers", "heads", "kv_heads", "head", "ffn", "vocabulary", "context")


def main() -> int:
    arguments = _parser().parse_args()
    started = time.monotonic()
    try:
        _scripted(arguments) if arguments.what == "scripted" else _random(arguments)
    except Trouble as trouble:
        print(f"{trouble.message}\n  {trouble.hint}", file=sys.stderr)
        return trouble.exit_code
    with arguments.path.open("rb") as file:
        data = hashlib.file_digest(file, "sha256").hexdigest()
    size, seconds = arguments.path.stat().st_size, time.monotonic() - started
    print(f"{arguments.path}  {size:,} bytes  {seconds:.1f} s  sha256 {data}")
    return 0


def _scripted(arguments: argparse.Namespace) -> None:
    write_scripted(
        arguments.path, weights=arguments.weights, layers=arguments.layers, ffn=arguments.ffn,
        pooling=arguments.pooling,
    )  # fmt: skip


def _random(arguments: argparse.Namespace) -> None:
    if arguments.preset not in PRESETS:
        raise BadUsage(f"no preset {arguments.preset!r}", hint=f"there are {', '.join(PRESETS)}")
    measures = PRESETS[arguments.preset].copy()
    for name in MEASURES:
        if (wanted := vars(arguments)[name]) is not None:
            measures[name] = wanted
    write_random(arguments.path, weights=arguments.weights, seed=arguments.seed, **measures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="make a model file for tests")
    kinds = parser.add_subparsers(dest="what", required=True)
    scripted = kinds.add_parser("scripted", help="says what its script says, whatever it costs")
    scripted.add_argument("--layers", type=int, default=1, help="more are slower (1)")
    scripted.add_argument("--ffn", type=int, default=512, help="wider is slower (512)")
    scripted.add_argument("--pooling", choices=["mean", "cls", "last"], help="makes an embedding model")
    random = kinds.add_parser("random", help="untrained, of any size, the same bytes each time")
    random.add_argument("--preset", default="tiny", help="tiny, 2m, 90m or 400m: about as many parameters (tiny)")
    random.add_argument("--seed", type=int, default=0, help="other numbers, same measures (0)")
    for measure in MEASURES:
        random.add_argument(f"--{measure.replace('_', '-')}", type=int, help="instead of the preset's")
    for kind in (scripted, random):
        kind.add_argument("--weights", choices=["f32", "f16", "q8_0"], default="f16", help="how they are stored (f16)")
        kind.add_argument("path", type=Path, metavar="FILE.gguf")
    return parser


if __name__ == "__main__":
    sys.exit(main())
