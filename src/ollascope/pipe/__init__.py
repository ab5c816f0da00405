"""HTTP/1.1 as protocols: a server, a client and the streamed exchange between them; knows nothing of models."""

from ollascope.pipe.answer import Answer
from ollascope.pipe.asking.ask import Address, Ask, Phase, Receiver, client_tls
from ollascope.pipe.asking.client import Client, Piece, Reply
from ollascope.pipe.asking.sending import Sending
from ollascope.pipe.counters import Counters, Lag
from ollascope.pipe.door import Application
from ollascope.pipe.exchange import Ending, Exchange, Hook, Outcome, Plan, exchange
from ollascope.pipe.heads import AnswerHead, Headers
from ollascope.pipe.limits import Limits, Sizes, Waits
from ollascope.pipe.lines import Pairs, Refuse, plain_refusal
from ollascope.pipe.places import Place, server_tls
from ollascope.pipe.request import Request
from ollascope.pipe.server import Server, run

__all__ = [
    "Address",
    "Answer",
    "AnswerHead",
    "Application",
    "Ask",
    "Client",
    "Counters",
    "Ending",
    "Exchange",
    "Headers",
    "Hook",
    "Lag",
    "Limits",
    "Outcome",
    "Pairs",
    "Phase",
    "Piece",
    "Place",
    "Plan",
    "Receiver",
    "Refuse",
    "Reply",
    "Request",
    "Sending",
    "Server",
    "Sizes",
    "Waits",
    "client_tls",
    "exchange",
    "plain_refusal",
    "run",
    "server_tls",
]
