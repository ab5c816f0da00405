"""What a terminal and a desk can do: links that can be clicked, a browser, or a tunnel to where there is one."""

import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence

Environ = Mapping[str, str]

CLICKABLE = {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio", "WarpTerminal"}
CLICKABLE_TERMS = ("xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm")
SINCE_VTE = 5000  # version 0.50
SINCE_KONSOLE = 201_200  # version 20.12


def link(address: str, environ: Environ, *, is_terminal: bool) -> str:
    """An address as a terminal shows a link (OSC 8), or as it is where it would only make a mess."""
    if not (is_terminal and can_link(environ)):
        return address
    return f"\x1b]8;;{address}\x1b\\{address}\x1b]8;;\x1b\\"


def can_link(environ: Environ) -> bool:
    """Whether this terminal is known to understand links."""
    term = environ.get("TERM", "")
    if term in {"", "dumb"} or term.startswith(("screen", "tmux")) or "TMUX" in environ or "STY" in environ:
        return False
    if environ.get("TERM_PROGRAM") in CLICKABLE or term.startswith(CLICKABLE_TERMS) or environ.get("WT_SESSION"):
        return True
    return _number(environ, "VTE_VERSION") >= SINCE_VTE or _number(environ, "KONSOLE_VERSION") >= SINCE_KONSOLE


def has_display(environ: Environ, platform: str) -> bool:
    """Whether a person sits at this machine's own screen; one who came over SSH sits elsewhere."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    return platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def browse(
    address: str, platform: str, which: Callable[[str], str | None] = shutil.which
) -> "subprocess.Popen[bytes] | None":
    """Open an address in the desktop's browser, in a session of its own; none where there is no way to."""
    names = ("open",) if platform == "darwin" else ("xdg-open", "wslview")
    program = next((found for name in names if (found := which(name))), None)
    if program is None:
        return None
    quiet = subprocess.DEVNULL
    try:
        return subprocess.Popen([program, address], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError:
        return None


def tunnel(environ: Environ, user: str, machine: str, places: Sequence[tuple[str, int]]) -> str:
    """The command that brings addresses of this machine to one's own over SSH."""
    parts = environ.get("SSH_CONNECTION", "").split()
    there, at = (parts[2], parts[3]) if len(parts) == 4 else (machine, "22")
    forwards = [f"-L {port}:{_bracketed(host)}:{port}" for host, port in places]
    other_port = [] if at == "22" else ["-p", shlex.quote(at)]
    return " ".join(["ssh", "-N", *forwards, *other_port, shlex.quote(f"{user}@{there}")])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _number(environ: Environ, name: str) -> int:
    text = environ.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
