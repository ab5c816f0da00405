"""HTTP for all clients: a pooled session whose exchanges can be closed from any thread in any phase."""

from ollascope.engines.wire.exchange import Exchange, Head
from ollascope.engines.wire.patience import Patience
from ollascope.engines.wire.session import Session, Whole

__all__ = ["Exchange", "Head", "Patience", "Session", "Whole"]
