"""nginx from the system with a configuration and folder of its own: in the middle, or as a server of short answers."""

import shutil
import socket
import time
from pathlib import Path

from pipe_parts.field import Field, Server
from pipe_parts.script import SHORT

FRAME = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {content}
}}
"""
PROXY = """
  upstream behind {{
    server 127.0.0.1:{upstream}; keepalive 2048; keepalive_requests 100000000; keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
      proxy_read_timeout 600s;
    }}
  }}
"""
ANSWER = """
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; return 200 '{short}'; }}
  }}
"""


def is_here() -> bool:
    return program() is not None


def program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def carry(field: Field, upstream: int) -> Server:
    """One nginx process that passes everything on, unbuffered."""
    return _start(field, lambda port: PROXY.format(port=port, upstream=upstream))


def answer(field: Field) -> Server:
    """One nginx process that answers everything with the short answer."""
    return _start(field, lambda port: ANSWER.format(port=port, short=SHORT.decode()))


def _start(field: Field, content) -> Server:  # type: ignore[no-untyped-def]
    port = free_port()
    folder = Path(field.folder.name) / f"nginx-{port}"
    folder.mkdir()
    (folder / "nginx.conf").write_text(FRAME.format(folder=folder, content=content(port)))
    command = [program() or "nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    process = field.start(command)
    wait_for_port(port)
    return Server(process, port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing listens on port {port} after ten seconds")
