"""Public means everyone's, whatever the address carries inside."""

import asyncio
from ipaddress import ip_address

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.internet.addresses import is_public, public_addresses

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.171",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::5db8:d822",
    "100::1",
    "2001::1",
    "2001:0:5db8:d822::",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "3ffe:0:0::1%eth0",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.167.1.1",
    "223.255.255.1",
    "2606:2800:220:1::1",
    "2a00:1450:4001::1",
    "::ffff:93.184.216.34",
    "64:ff9b::5db8:d822",
    "2002:5db8:d822::1",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_not_everyones_is_not_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_everyones_is_public(text):
    assert is_public(ip_address(text))


def looked_up(*found: str) -> tuple[str, ...]:
    return asyncio.run(
        public_addresses("http://a.example/", "a.example", lambda _: found, within_s=5)
    )


def test_all_addresses_of_a_name_are_pinned():
    assert looked_up("1.1.1.1", "2606:2800:220:1::1") == ("1.1.1.1", "2606:2800:220:1::1")


@pytest.mark.parametrize("bad", ["127.0.0.1", "::1", "fe80::1%eth0", "2002:7f00:1::", "nonsense"])
def test_one_address_that_is_not_public_refuses_the_name(bad):
    with pytest.raises(AlvoError) as caught:
        looked_up("1.1.1.1", bad, "8.8.8.8")
    assert caught.value.type is errors.ADDRESS_REFUSED
    assert caught.value.blanks == {"host": "a.example", "address": bad}


def test_a_bad_one_among_very_many_is_found():
    with pytest.raises(AlvoError):
        looked_up(*["1.1.1.1"] * 50, "10.0.0.1")


def test_a_name_that_nobody_knows_is_said_to_be_unknown():
    def nobody(_host: str) -> list[str]:
        raise OSError

    with pytest.raises(AlvoError) as caught:
        asyncio.run(public_addresses("http://a.example/", "a.example", nobody, within_s=5))
    assert caught.value.type is errors.FETCH_FAILED
    assert caught.value.blanks["reason"].name == "fetch_unknown_host"
