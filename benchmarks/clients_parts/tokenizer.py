"""Makes a small tokenizer in a folder: run by a peer's own Python, as the peers cannot count words without one."""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # type: ignore[import-not-found,unused-ignore]

TEXT = """
one two three four five six seven eight nine ten the of and to in is that it was for on are as with they at be this from
have or by had not but what all were when we there can an your which said if do will each about how up out them then she
many some so these would other into has more her like him see time could no make than first been who now people my made
over did down only way find use may water long little very after words called just where most know
"""


def main() -> None:
    """Writes the tokenizer into the folder that is named."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    words = TEXT.split()
    names = ["<unk>", "<s>", "</s>", *words, *(f"\u2581{word}" for word in words)]
    made = Tokenizer(models.WordLevel({name: number for number, name in enumerate(names)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.save(str(folder / "tokenizer.json"))
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>", "bos_token": "<s>",
             "eos_token": "</s>", "model_max_length": 100_000}  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))


main()
