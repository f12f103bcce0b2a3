"""How long an import takes whose pictures are in an S3 server on loopback, against the same pictures on disk.

    pip install -r requirements-remote.txt 'moto[s3,server]'
    python -m benchmarks.remote_pictures WORK [--faces 2000] [--repeats 3] [--delay-ms 0]

The server is moto's, in a process of its own, which shares the machine's cores. `--delay-ms`: that a picture takes at
least, as from a storage further away.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from scn_core.datasets.demo_faces import draw_demo
from scn_core.datasets.source import source_said
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.update import update

_SERVER = """
import sys, time
from pathlib import Path
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
app, delay, root = DomainDispatcherApplication(create_backend_app), float(sys.argv[2]), Path(sys.argv[3])
bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
bucket.create_bucket("faces", "us-east-1")
for path in root.rglob("*.*"):
    bucket.put_object("faces", path.relative_to(root).as_posix(), path.read_bytes())
def delayed(environ, start):
    if delay and environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].endswith(".jpg"):
        time.sleep(delay)
    return app(environ, start)
WSGIRequestHandler.log = lambda *arguments: None
make_server("127.0.0.1", int(sys.argv[1]), delayed, threaded=True).serve_forever()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--faces", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=0)
    asked = parser.parse_args()
    versions = [f"{name} {__import__(name).__version__}" for name in ("fsspec", "s3fs", "moto")]
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {', '.join(versions)}")
    drawn = asked.work / "drawn"
    if not drawn.exists():
        draw_demo(drawn, count=asked.faces, seed=0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(port), str(asked.delay_ms / 1000), str(drawn)])
    try:
        _connected(port)
        disk = _measured("from disk", asked, {"csv": str(drawn / "labels.csv")})
        remote = _measured("from S3", asked, {"csv": "s3://faces/labels.csv"})
        print(f"init from S3 takes {remote / disk:.1f} times as long as from disk")
    finally:
        server.kill()
        server.wait()


def _connected(port: int) -> None:
    for _ in range(600):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the server did not start in a minute")


def _measured(what: str, asked: argparse.Namespace, said: dict[str, Any]) -> float:
    """Seconds of an import, the median; the update after it is printed too."""
    imports, updates, cpu = [], [], []
    for _ in range(asked.repeats):
        shutil.rmtree(asked.work / "ws", ignore_errors=True)
        begin, used = time.perf_counter(), time.process_time()
        manifest = create_workspace(asked.work / "ws", "csv", source_said(said))
        imports.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - used)
        assert len(manifest.samples) == asked.faces
        begin = time.perf_counter()
        assert update(Workspace(asked.work / "ws")).changes.unchanged == asked.faces
        updates.append(time.perf_counter() - begin)
    print(f"{what}: init {_spread(imports)} s, {_spread(cpu)} s of CPU; update {_spread(updates)} s", flush=True)
    return median(imports)


def _spread(values: list[float]) -> str:
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    main()
