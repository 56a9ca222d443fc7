"""The settings about being found: what is refused, what is secret, what reaches the registrar."""

from pathlib import Path

import pytest

from crud_service.library.consul_options import ConsulOptions
from crud_service.model.errors import StartError
from crud_service.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, so that no file of the person who runs the tests counts."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_agent_no_options() -> None:
    """Without an agent's address there is nothing to know about Consul, whatever else is set."""
    assert Settings().consul is None
    assert Settings(consul_token="planted", consul_datacenter="dc1").consul is None


def test_an_address_is_enough() -> None:
    """With nothing but an address the options are the defaults of both, which are the same."""
    assert Settings(consul_address="127.0.0.1:8500").consul == ConsulOptions("127.0.0.1:8500")


def test_every_option_is_a_setting() -> None:
    """Each option about Consul is the setting of its name."""
    given = {
        "address": "https://consul.example",
        "token": "planted",
        "datacenter": "dc1",
        "ca_file": "ca.pem",
        "cert_file": "cert.pem",
        "key_file": "key.pem",
        "timeout": 3.0,
        "check_interval": 4.0,
        "check_timeout": 5.0,
        "deregister_after": 66.0,
    }
    assert set(given) == set(ConsulOptions.__struct_fields__)
    settings = Settings(**{f"consul_{name}": value for name, value in given.items()})
    assert settings.consul == ConsulOptions(**given)
    assert "planted" not in repr(settings)


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--consul-address", "host:many", "HOST:PORT"),
        ("--advertise-address", "0.0.0.0", "one address that others reach"),
        ("--advertise-address", "host:1", "HOST:GRPC_PORT,HTTP_PORT"),
        ("--service-name", "my_service", "DNS"),
        ("--service-name", "-service", "DNS"),
        ("--service-name", "s" * 64, "DNS"),
        ("--consul-timeout", "0", "greater than 0"),
        ("--consul-check-interval", "-1", "greater than 0"),
        ("--consul-deregister-after", "59", "greater than or equal to 60"),
        ("--drain-wait", "-1", "greater than or equal to 0"),
    ],
)
def test_refused(flag: str, value: str, said: str) -> None:
    """A value that cannot work is one line that names the flag and says what is expected."""
    with pytest.raises(StartError, match=f"^{flag}: .*{said}"):
        load_settings([flag, value])


def test_a_wrong_secret_is_not_repeated(folder: Path) -> None:
    """A secret of the wrong kind is named, not shown."""
    (folder / "crud.toml").write_text("consul_token = [4711]\n")
    with pytest.raises(StartError, match="consul_token") as caught:
        load_settings([])
    assert "4711" not in str(caught.value)
