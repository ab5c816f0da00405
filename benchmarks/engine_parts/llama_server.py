"""llama-server's own slots in a process: MODEL SLOTS CONTEXT THREADS; runs in an environment that has xllamacpp."""

import os
import sys

import xllamacpp


def main() -> None:
    """Say `ready PORT`, serve until the input ends."""
    model, slots, context, threads = sys.argv[1], *map(int, sys.argv[2:5])
    wanted = xllamacpp.CommonParams()
    wanted.model.path = model
    wanted.n_parallel = slots
    wanted.n_ctx = slots * context
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = threads
    wanted.fit_params = False  # it would try other contexts than the one that is wanted
    wanted.cache_ram_mib = 0  # or it would copy what finished requests remember, in the time of those that run
    wanted.verbosity = 0
    server = xllamacpp.Server(wanted)
    print("ready", server.listening_address.rpartition(":")[2], flush=True)
    sys.stdin.readline()
    os._exit(0)  # a server that was never asked never ends


if __name__ == "__main__":
    main()
