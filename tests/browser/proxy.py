"""Real proxies with TLS in front of the server, configured by the very blocks of docs/administration.md."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.browser.server import eventually, free_port

GUIDE = Path(__file__).parents[2] / "docs/administration.md"
HOST = "review.example.org"


def block(name: str) -> str:
    """What the guide has between the marks of this name."""
    found = re.findall(rf"<!-- {name} -->\n```\w+\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def at_sub_path(name: str) -> str:
    """The block of this name for a server with --base-path /review."""
    plain = {"nginx": "    location / {\n", "caddy": "\treverse_proxy 127.0.0.1:8501\n"}[name]
    return replaced(block(name), (plain, block(f"{name} at a sub-path")))


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST), x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = folder / "review.pem", folder / "review.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return pem, secret


@contextmanager
def nginx(folder: Path, upstream: int, text: str | None = None) -> Iterator[int]:
    """Its port. `text`: another block than the guide's at a sub-path. Skips the test where there is no nginx."""
    program = _program("nginx")
    pem, key = certificate(folder)
    port = free_port()
    server = replaced(
        text or at_sub_path("nginx"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/certs/review.pem", str(pem)),
        ("/etc/ssl/private/review.key", str(key)),
        ("127.0.0.1:8501", f"127.0.0.1:{upstream}"),
    )
    places = "".join(
        f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # its workers write to the folder
    file = folder / "nginx.conf"
    file.write_text(
        f"{user}daemon off;\npid {folder / 'nginx.pid'};\nerror_log {folder / 'error.log'};\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{server}}}\n"
    )
    with _running([program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(file)], port, folder):
        yield port


@contextmanager
def caddy(folder: Path, upstream: int, text: str | None = None) -> Iterator[int]:
    """Its port. `text`: another block than the guide's at a sub-path. Skips the test where there is no Caddy."""
    program = _program("caddy")
    pem, key = certificate(folder)
    port = free_port()
    site = replaced(
        text or at_sub_path("caddy"),
        (f"{HOST} {{", f"https://{HOST}:{port}, https://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n\ttls {pem} {key}"),
        ("127.0.0.1:8501", f"127.0.0.1:{upstream}"),
    )
    file = folder / "Caddyfile"
    # Without a certificate of its own Caddy would ask an authority for one.
    file.write_text(f"{{\n\tadmin off\n\tauto_https off\n\tdefault_sni {HOST}\n}}\n{site}")
    with _running([program, "run", "--config", str(file), "--adapter", "caddyfile"], port, folder):
        yield port


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """The text with words replaced, each of which must be there."""
    for old, new in pairs:
        assert old in text, f"the guide's block lacks {old!r}"
        text = text.replace(old, new)
    return text


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"there is no {name} here; install the package {name} to run this test")
    return found


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    log = (folder / "proxy.log").open("ab")
    places = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "PATH": "/usr/bin"}
    process = subprocess.Popen(command, stdout=log, stderr=log, env=places)

    def listens() -> bool:
        assert process.poll() is None, (folder / "proxy.log").read_text(encoding="utf-8")[-2000:]
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(listens, f"{command[0]} to listen")
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()
