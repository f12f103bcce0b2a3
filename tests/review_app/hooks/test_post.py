"""One request: what counts as an answer, and that it takes no longer and leads nowhere else than it may."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from review_app.hooks.post import Post, PostError, is_private
from tests.review_app.hooks.receiver import PATIENCE_S, Receiver, hang_up, status

SHORT_S = 0.3


def certificate(folder: Path) -> Path:
    """Key and certificate of 127.0.0.1, which nobody signed, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "receiver.pem"
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_what_is_posted_comes_as_it_is(receiver: Receiver) -> None:
    assert Post(receiver.url).send(b'{"a":1}', {"webhook-id": "msg_1"}).error is None
    (got,) = receiver.got
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/hook?of=us", b'{"a":1}', "msg_1")
    assert got.headers["host"] == receiver.url.split("/")[2]


@pytest.mark.parametrize(("code", "said"), [(200, None), (204, None), (404, "404"), (410, "410"), (503, "503")])
def test_a_status_of_2xx_alone_is_taken(receiver: Receiver, code: int, said: str | None) -> None:
    receiver.will(code)
    reply = Post(receiver.url).send(b"{}", {})
    assert reply.error == (said and f"HTTP status {said}")
    assert reply.gone == (code == 410)


def test_no_redirect_is_followed(receiver: Receiver) -> None:
    receiver.will(status(307, Location=receiver.url), status(302, Location="http://169.254.169.254/"))
    for _ in range(2):
        error = Post(receiver.url).send(b"{}", {}).error
        assert error is not None
        assert "not followed" in error
    assert len(receiver.got) == 2


@pytest.mark.parametrize(("said", "seconds"), [("600", 600), ("999999999", 86_400), ("soon", 0), ("-1", 0)])
def test_how_long_a_receiver_asks_to_be_left_alone(receiver: Receiver, said: str, seconds: float) -> None:
    receiver.will(status(429, Retry_After=said))
    assert Post(receiver.url).send(b"{}", {}).retry_after_s == seconds


def test_a_receiver_that_is_down_hangs_up_or_floods(new_receiver: Callable[[], Receiver]) -> None:
    receiver = new_receiver()
    with pytest.raises(PostError, match="refused"):
        Post(receiver.url).send(b"{}", {})
    receiver.listen().will(hang_up, receiver.flood)
    with pytest.raises(PostError, match="closed"):
        Post(receiver.url).send(b"{}", {})
    with pytest.raises(PostError, match="headers"):
        Post(receiver.url).send(b"{}", {})


def test_no_receiver_takes_longer_than_the_limit(receiver: Receiver) -> None:
    for act in (receiver.hang, receiver.drip):
        receiver.will(act)
        with pytest.raises(PostError, match=f"no answer within {SHORT_S} s"):
            Post(receiver.url, SHORT_S).send(b"{}", {})


def test_another_thread_ends_a_request(receiver: Receiver) -> None:
    receiver.will(receiver.hang)
    post, raised = Post(receiver.url), []

    def send() -> None:
        with pytest.raises(PostError) as error:
            post.send(b"{}", {})
        raised.append(str(error.value))

    thread = threading.Thread(target=send)
    thread.start()
    receiver.came.get(timeout=PATIENCE_S)
    post.end("the server stopped")
    thread.join(PATIENCE_S)
    assert raised == ["the server stopped"]
    with pytest.raises(PostError, match="the server stopped"):
        post.send(b"{}", {})
    assert len(receiver.got) == 1


def test_a_certificate_has_to_be_right(receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    receiver.server.handle_error = lambda request, address: None  # type: ignore[assignment, method-assign]
    url = receiver.url.replace("http://", "https://")
    with pytest.raises(PostError, match="its certificate: self-signed"):
        Post(url).send(b"{}", {})
    assert receiver.got == []
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert Post(url).send(b"{}", {}).error is None
    with pytest.raises(PostError):
        Post(url.replace("https://", "http://")).send(b"{}", {})


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("127.0.0.1", True), ("::1", True), ("10.1.2.3", True), ("192.168.1.9", True), ("fd00::1", True),
        ("::ffff:10.0.0.1", True), ("8.8.8.8", False), ("::ffff:8.8.8.8", False), ("2606:4700::1", False),
        ("169.254.169.254", False), ("fe80::1", False), ("0.0.0.0", False), ("::", False), ("255.255.255.255", False),
        ("::ffff:169.254.169.254", False),
    ],
)  # fmt: skip
def test_which_addresses_are_private(address: str, private: bool) -> None:
    assert is_private(ipaddress.ip_address(address)) == private


def test_http_goes_to_no_public_address() -> None:
    with pytest.raises(PostError, match=r"8\.8\.8\.8, which is not in a private network"):
        Post("http://8.8.8.8/").send(b"{}", {})
