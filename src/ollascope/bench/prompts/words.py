"""Words of synthetic texts: few, frequent and alike in length, so that a text's tokens can be foreseen."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ollascope.bench.asked import Tongue

ENGLISH = (  # four letters each
    "time year hand part life week case work hour game line name team book home room "
    "word fact rain wind road tree lake bird farm ship milk rice door wall lamp song"
)
CHINESE = (
    "时间 学校 老师 朋友 城市 河流 天气 春天 早上 晚上 音乐 电影 书本 汽车 火车 飞机 "
    "苹果 米饭 牛奶 房子 桌子 窗户 花园 大海 高山 道路 商店 医院 公园 动物 电脑 手机"
)
ROUND = 32  # words of a deck
CRUMB = " a"  # hardly anything is shorter
OPENINGS: dict[Tongue, str] = {"en": "Words", "zh": "词语", "mixed": "Words"}  # no word of the deck stands first
ENDINGS: dict[Tongue, str] = {
    "en": "\nWrite a long story in which all of these words occur.",
    "zh": "\n请写一个长故事，用到上面所有的词。",
    "mixed": "\nWrite a long story in which all of these words occur. 请用两种语言写。",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a text is made of."""

    words: int = 0  # of the deck, in its order, again and again
    more: int = 0  # times the deck's first word
    crumbs: int = 0
    tokens: float = 0.0  # what all of it should count


def units(tongue: Tongue) -> tuple[str, ...]:
    """The words with what stands before each; tokens do not reach over that, so their order does not matter."""
    english = [f" {word}" for word in ENGLISH.split()]
    chinese = [f"、{word}" for word in CHINESE.split()]
    if tongue == "mixed":
        return tuple(one for pair in zip(english[::2], chinese[::2], strict=True) for one in pair)
    return tuple(english if tongue == "en" else chinese)


def compose(deck: Sequence[str], recipe: Recipe, chance: Random) -> str:
    """A text by its recipe: for each recipe always the same words, in an order of its own."""
    rounds, rest = divmod(recipe.words, len(deck))
    chosen = [*deck] * rounds + [*deck[:rest]] + [deck[0]] * recipe.more
    chance.shuffle(chosen)
    return "".join(chosen) + CRUMB * recipe.crumbs
