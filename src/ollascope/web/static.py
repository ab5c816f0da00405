"""Our style sheets and scripts, and Plotly's: compressed once, cached for ever under addresses that follow content."""

import gzip
import importlib.metadata
import importlib.util
import threading
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort, request

FOLDER: Final = Path(__file__).parent / "static"
PLOTLY: Final = "plotly.min.js"
KINDS: Final = {
    ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}  # fmt: skip
FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One static file as it is sent."""

    kind: str
    plain: bytes
    packed: bytes


class Static:
    """All static files: read when first asked for, kept compressed in memory."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._paths = {
            path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
        }
        self._paths = {name: path for name, path in self._paths.items() if path.suffix in KINDS}
        self._files: dict[str, File] = {}
        self._lock = threading.Lock()
        self.digest = _digest(self._paths)
        if (plotly := find_plotly()) is not None:
            self._paths[PLOTLY] = plotly

    def address(self, name: str) -> str:
        """Where a browser finds a file: another place as soon as any content is another."""
        assert name in self._paths, f"there is no static file {name}"
        return f"/static/{self.digest}/{name}"

    def find(self, name: str) -> File | None:
        """A file by its name; no other path than those that were found at the start leads anywhere."""
        path = self._paths.get(name)
        if path is None:
            return None
        with self._lock:
            if name not in self._files:
                plain = path.read_bytes()
                packed = gzip.compress(plain, 6 if name == PLOTLY else 9, mtime=0)
                kept = b"" if name == PLOTLY else plain  # 4 MB that nearly nobody asks for
                self._files[name] = File(kind=KINDS[path.suffix], plain=kept, packed=packed)
            return self._files[name]


def static_routes(static: Static) -> Blueprint:
    """`/static/<digest>/<name>`; with another digest the present file, not to be kept."""
    routes = Blueprint("static_files", __name__)

    @routes.get("/static/<digest>/<path:name>")
    def send(digest: str, name: str) -> Response:
        file = static.find(name)
        if file is None:
            abort(404)
        packs = "gzip" in request.headers.get("Accept-Encoding", "").lower()
        body = file.packed if packs else file.plain or gzip.decompress(file.packed)
        answer = Response(body, content_type=file.kind)
        answer.headers["Cache-Control"] = FOR_EVER if digest == static.digest else "no-cache"
        answer.headers["Vary"] = "Accept-Encoding"
        if packs:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    return routes


def find_plotly() -> Path | None:
    """The script in the installed package, which need not be imported for it."""
    found = importlib.util.find_spec("plotly")
    for folder in found.submodule_search_locations or () if found else ():
        path = Path(folder) / "package_data" / PLOTLY
        if path.is_file():
            return path
    return None


def _digest(paths: dict[str, Path]) -> str:
    total = sha256()
    for name, path in paths.items():
        total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    try:
        total.update(importlib.metadata.version("plotly").encode())
    except importlib.metadata.PackageNotFoundError:
        total.update(b"-")
    return total.hexdigest()[:12]
