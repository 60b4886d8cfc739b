"""Which addresses a model's server may have, and which of them are on this machine."""

import pytest

from daemon.models.address import server_address
from daemon.models.openai import OpenAI, OpenAISettings
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
        ("http://127.8.9.1/v1/", "http://127.8.9.1/v1"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        # The name is not looked up: whoever answers could send what is private elsewhere.
        ("http://LOCALHOST:8080/v1", "http://127.0.0.1:8080/v1"),
        ("https://localhost/v1", "https://localhost/v1"),
    ],
)
def test_the_loopback_is_on_this_machine(given: str, url: str) -> None:
    address = server_address(given)
    assert (address.url, address.loopback, address.open) == (url, True, False)


@pytest.mark.parametrize(
    "given",
    [
        *(
            "https://api.openai.com/v1",
            "http://192.168.1.5:8000/v1",
            "http://0.0.0.0:1",
            "http://[::]",
        ),
        *("http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://localhost."),
        *("http://127.1", "http://2130706433", "http://0x7f000001", "http://[::ffff:127.0.0.1]"),
    ],
)
def test_everything_else_is_remote(given: str) -> None:
    assert server_address(given).loopback is False


@pytest.mark.parametrize(
    "given",
    [
        *("", "  ", "127.0.0.1:11434", "localhost:11434/v1", "ftp://127.0.0.1", "http://"),
        *("http://user:canary@127.0.0.1/v1", "http://127.0.0.1\\@evil.example/", "http://a b/"),
        *("http://127.0.0.1:99999", "http://127.0.0.1:x", "http://127.0.0.1/v1?key=canary"),
        *("http://127.0.0.1/#x", "http://[::1", "http://[fe80::1%eth0]/", "http://exämple.org"),
        "http://127.0.0.1/v1\u202e",
    ],
)
def test_what_is_no_plain_address_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(AlvoError) as caught:
        server_address(given)
    assert caught.value.type is errors.CONFIG_INVALID
    assert caught.value.blanks["where"] == "reasoner.base_url"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "model", "remote"),
    [
        ("http://127.0.0.1:11434/v1", "llama3.2", False),
        ("http://10.0.0.2:11434/v1", "llama3.2", True),
        # Ollama passes these on.
        ("http://127.0.0.1:11434/v1", "gpt-oss:120b-cloud", True),
        ("http://127.0.0.1:11434/v1", "glm-4.6:cloud", True),
    ],
)
def test_a_model_is_remote_unless_it_is_on_this_machine(
    url: str, model: str, *, remote: bool
) -> None:
    assert OpenAI(OpenAISettings(model, server_address(url), 1.0), None).remote is remote
