"""Reading the address of an agent."""

import pytest

from crud_service.library.consul_options import read_consul_address


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("127.0.0.1:8500", ("http", "127.0.0.1", 8500)),
        ("consul.example", ("http", "consul.example", 8500)),
        ("http://consul.example:80", ("http", "consul.example", 80)),
        ("https://consul.example", ("https", "consul.example", 8501)),
        ("https://[::1]:8501/", ("https", "[::1]", 8501)),
    ],
)
def test_read(text: str, read: tuple[str, str, int]) -> None:
    """With or without scheme and port."""
    assert read_consul_address(text) == read


@pytest.mark.parametrize(
    "text",
    ["", ":8500", "host:0", "host:70000", "host:x", "ftp://host", "http://user:pass@host", "a b", "http://h/path"],
)
def test_refused(text: str) -> None:
    """What is no address is refused with an example."""
    with pytest.raises(ValueError, match=r"such as 127\.0\.0\.1:8500"):
        read_consul_address(text)
