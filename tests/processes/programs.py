"""The children of these tests: small programs with one manner each, run as `python programs.py NAME ARGUMENTS`."""

import os
import signal
import socket
import subprocess
import sys
import time

FOREVER_S = 120  # a child that a broken test leaves behind ends by itself


def serve(port, *flags):
    """Answer every request; with flags also ignore SIGTERM, tidy up on it, or answer 503 for ever."""
    if "tidy" in flags:
        signal.signal(signal.SIGTERM, tidy_up)
    if "stubborn" in flags:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    status = b"503 Busy" if "busy" in flags else b"200 OK"
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(port)))
        listener.listen()
        say(f"listening on {port}")
        end = time.monotonic() + FOREVER_S
        while time.monotonic() < end:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")


def tidy_up(_number, _frame):
    time.sleep(0.05)
    say("tidied up")
    sys.exit(0)


def crash(*words):
    """End at once, with last words."""
    say("one line before")
    sys.exit(" ".join(words) or "there is no such model")


def ready_then_crash(seconds):
    """Live a while, then end."""
    say("up")
    time.sleep(float(seconds))
    sys.exit("out of luck")


def wait(*flags):
    """Do nothing until told to end."""
    if "stubborn" in flags:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("waiting")
    time.sleep(FOREVER_S)


def flood(count):
    """Print so many MiB as fast as it is taken, then wait."""
    piece = (b"x" * 99 + b"\n") * 10_486
    for _ in range(int(count)):
        os.write(1, piece)
    say("the flood is over")
    wait()


def family(*flags):
    """Start a child of its own, which starts another; all of them wait."""
    depth = int(flags[0])
    if depth:
        own = ["own-session"] if "own-session" in flags else []
        subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, "family", str(depth - 1), *flags[1:]],
            start_new_session=bool(own) and depth == 1,
        )
    wait(*flags[1:])


def orphan_zombie():
    """Leave a grandchild behind that ends a little later, then wait."""
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.1)
        os._exit(0)
    os.wait()
    wait()


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
