"""Short ways to ask for a load."""

from ollascope.bench.asked import Asked, Ends, Level, Load, Target, Wording
from ollascope.bench.shapes import read_levels

TARGET = Target(url="http://127.0.0.1:1", model="m")


def users(*counts, ends=None, wording=None, **load):
    levels = tuple(Level(users=count) for count in counts)
    return Asked(target=TARGET, load=Load(levels=levels, **load), ends=ends or Ends(), wording=wording or Wording())


def rate(per_s, arrival="poisson", ends=None, seed=1, until=None, **load):
    level = Level(rate=per_s, until_rate=until)
    return Asked(target=TARGET, load=Load(levels=(level,), arrival=arrival, **load), ends=ends or Ends(), seed=seed)


def steps(text, arrival="constant", ends=None, **load):
    return Asked(target=TARGET, load=Load(levels=read_levels(text), arrival=arrival, **load), ends=ends or Ends())


def trace(path, ends=None):
    return Asked(target=TARGET, load=Load(levels=(), arrival="trace", trace=str(path)), ends=ends or Ends())
