"""llama-cpp-python's own `Llama` behind a lock, as servers that do one request at a time: MODEL CONTEXT THREADS."""

import json
import sys
import threading
from time import perf_counter
from typing import Any

from llama_cpp import Llama


def main() -> None:
    """Say `ready`; for each line of prompts, one list a stream, say in one line what came when."""
    path, context, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    model = Llama(path, n_ctx=context, n_threads=threads, n_threads_batch=threads, verbose=False)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(run(model, json.loads(line))), flush=True)


def run(model: Llama, order: dict[str, Any]) -> dict[str, Any]:
    """All streams at once, each asking its prompts one after another."""
    lock = threading.Lock()
    ttft: list[float] = []
    texts: dict[str, str] = {}
    began = perf_counter()

    def stream(number: int, prompts: list[str]) -> None:
        for place, prompt in enumerate(prompts):
            asked = perf_counter()
            pieces = []
            with lock:
                for chunk in model.create_completion(
                    prompt, max_tokens=order["tokens"], temperature=0, repeat_penalty=1.0, stream=True
                ):
                    if not pieces:
                        ttft.append(perf_counter() - asked)
                    pieces.append(chunk["choices"][0]["text"])
            texts[f"{number} {place}"] = "".join(pieces)

    threads = [threading.Thread(target=stream, args=each) for each in enumerate(order["streams"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"seconds": perf_counter() - began, "ttft_s": sorted(ttft), "texts": texts}


if __name__ == "__main__":
    main()
