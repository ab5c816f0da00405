"""Student's t: how many standard errors an interval takes when the error itself is estimated from few values."""

import math
from functools import lru_cache
from statistics import NormalDist


@lru_cache(maxsize=1024)
def student(freedom: int, confidence: float = 0.95) -> float:
    """The two-sided quantile for so many degrees of freedom, to three digits from 3 on."""
    if freedom == 1:
        return math.tan(math.pi * confidence / 2)
    if freedom == 2:
        return confidence * math.sqrt(2 / (1 - confidence * confidence))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (  # the expansion of Cornish and Fisher
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))
