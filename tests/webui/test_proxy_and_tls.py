"""On other addresses: only encrypted, and only under the names that were given."""

import shutil
import ssl
import subprocess
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from client.logins import Logins
from tests.support.daemon import Home
from tests.support.web import a_bridge

NAME = "alvo.example"


def test_behind_a_proxy_only_its_name_is_answered_and_the_cookie_is_secure(home: Home) -> None:
    home.start()
    with a_bridge(home, "--behind-proxy", f"https://{NAME}") as web:
        token = {"Authorization": f"Bearer {web.token}"}
        assert web.ask("GET", "/api/v1/status", None, {**token, "Host": NAME}).status == 200
        assert web.ask("GET", "/api/v1/status", None, {**token, "Host": web.host}).status == 403
        own = {**token, "Host": NAME, "Origin": f"https://{NAME}"}
        assert web.ask("GET", "/api/v1/status", None, own).status == 200
        plain = {**token, "Host": NAME, "Origin": f"http://{NAME}"}
        assert web.ask("GET", "/api/v1/status", None, plain).status == 403
        code = Logins(web.files).offer()
        reply = web.ask("GET", f"/login?code={code}", None, {"Host": NAME})
        assert reply.headers["set-cookie"].startswith("__Host-alvo_")
        assert "Secure" in reply.headers["set-cookie"]
        address = home.run("alvo", "web", "--no-open").stdout
        assert address.startswith(f"https://{NAME}/login?code=")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_with_a_certificate_it_serves_https(home: Home, tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]  # fmt: skip
    subprocess.run(words, check=True, capture_output=True)
    home.start()
    with a_bridge(home, "--tls-cert", str(cert), "--tls-key", str(key)) as web:
        trusted = ssl.create_default_context(cafile=str(cert))
        connection = HTTPSConnection("localhost", web.port, context=trusted, timeout=10)
        connection.request(
            "GET", "/api/v1/status", headers={"Authorization": f"Bearer {web.token}"}
        )
        assert connection.getresponse().status == 200
        connection.close()
        assert web.raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", within=3) == []


def test_a_certificate_that_is_not_there_is_a_sentence(home: Home) -> None:
    done = home.run("alvo-web", "--port", "0", "--tls-cert", "/nowhere.pem")
    assert done.returncode == 1
    assert done.stderr.startswith("alvo-web: ")
    assert "Traceback" not in done.stderr
