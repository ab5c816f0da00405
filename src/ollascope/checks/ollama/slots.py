"""The check `ollama-slots`: how many requests does Ollama serve at once, and who waits?"""

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.ollama.look import absent, is_here, look, unused
from ollascope.engines.ollama.slots import Slots, read_slots
from ollascope.engines.ollama.versions import read_version

ID = "ollama-slots"
# Measured with four users on two cores: 71 tokens/s and 2.7 s to the first token with one slot, 122 and 0.23 with 16.
ADVICE = (
    "for several users set OLLAMA_NUM_PARALLEL=4 for its service and restart it; measured with four users on two "
    "cores, slots gave 122 tokens/s instead of 71 and the first token after 0.2 s instead of 2.7 s; "
    "each slot takes memory for a context of its own"
)
ELSEWHERE = "on its machine: `systemctl show ollama --property=Environment`, or the environment of `ollama serve`"


def check_slots(around: Surroundings) -> Finding:
    """Requests served at once; more wait, and for a loaded model without limit."""
    finding = unused(around, ID)
    if finding is not None:
        return finding
    found = look(around)
    if not found.answers:
        return absent(found, ID)
    return judge(read_slots(around.root, read_version(found.version)) if is_here(found) else Slots())


def judge(slots: Slots) -> Finding:
    """One slot is right for one person, and worth a word; how many there are cannot always be told."""
    facts: Facts = {"parallel": slots.parallel, "queue": slots.queue, "source": slots.source or None}
    if slots.parallel is None:
        text = "how many requests it serves at once cannot be told from here"
        return Finding(id=ID, state="unknown", text=text, hint=ELSEWHERE, facts=facts)
    if slots.parallel == 1:
        text = f"one request at a time, by {slots.source}; the others wait, however many they are"
        return Finding(id=ID, state="warning", text=text, hint=ADVICE, facts=facts)
    text = f"{slots.parallel} requests at once, by {slots.source}; the others wait, however many they are"
    return Finding(id=ID, state="ok", text=text, facts=facts)
