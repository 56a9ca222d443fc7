"""The settings: where they come from, which wins, and one clear line about what is wrong."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

import crud_service
from crud_service.model.errors import StartError
from crud_service.model.limits import Limits
from crud_service.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, so that no file of the person who runs the tests counts."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mistake(*arguments: str) -> str:
    """The one line that these settings end with."""
    with pytest.raises(StartError) as caught:
        load_settings(arguments)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_defaults() -> None:
    """Without any setting a node listens on loopback, keeps its records in ./data and serves the contract's limits."""
    settings = load_settings([])
    assert settings == Settings()
    assert settings.http_address == "127.0.0.1:8080"
    assert settings.grpc_address == "127.0.0.1:50051"
    assert settings.store == "sqlite:///data/crud.db"
    assert (settings.auto_migrate, settings.auto_create_collections) == (True, True)
    assert (settings.service_name, settings.log_level, settings.log_format) == ("crud-service", "info", "auto")
    assert settings.page_token_key is None
    assert settings.limits == Limits()


def test_every_limit_is_a_setting() -> None:
    """Each limit of the contract is a setting with the same default, and there is no other `limit_` setting."""
    limits = {f"limit_{name}": default for name, default in msgspec.structs.asdict(Limits()).items()}
    settings = {name: field.default for name, field in Settings.model_fields.items() if name.startswith("limit_")}
    assert settings == limits


@pytest.mark.parametrize("name", Limits.__struct_fields__)
def test_each_limit_reaches_the_model(name) -> None:
    """A limit that is set is the one that counts, and the others keep their defaults."""
    settings = load_settings([f"--limit-{name.replace('_', '-')}", "7"])
    assert msgspec.structs.asdict(settings.limits) == msgspec.structs.asdict(Limits()) | {name: 7}


def test_precedence(monkeypatch, folder) -> None:
    """A flag wins over the environment, that over the file, and that over the default."""
    (folder / "crud.toml").write_text('service_name = "file"\nlog_level = "error"\nstore = "memory://"\n')
    monkeypatch.setenv("CRUD_SERVICE_NAME", "environment")
    monkeypatch.setenv("CRUD_LOG_LEVEL", "debug")
    settings = load_settings(["--service-name", "flag"])
    assert settings.service_name == "flag"
    assert settings.log_level == "debug"
    assert settings.store == "memory://"
    assert settings.log_format == "auto"


@pytest.mark.parametrize("how", ["flag", "environment", "default"])
def test_the_file(monkeypatch, folder, how) -> None:
    """The file is crud.toml of the current folder, or the one that --config or CRUD_CONFIG names."""
    file = folder / ("crud.toml" if how == "default" else "other.toml")
    file.write_text('store = "sqlite:///größe.db"\nlimit_tags = 3\nauto_migrate = false\n', encoding="utf-8")
    if how == "environment":
        monkeypatch.setenv("CRUD_CONFIG", str(file))
    settings = load_settings(["--config", str(file)] if how == "flag" else [])
    assert (settings.store, settings.limit_tags, settings.auto_migrate) == ("sqlite:///größe.db", 3, False)


def test_the_named_file_replaces_the_usual_one(folder) -> None:
    """When --config names a file, crud.toml does not count."""
    (folder / "crud.toml").write_text('service_name = "usual"')
    (folder / "other.toml").write_text("limit_tags = 3")
    assert load_settings(["--config", "other.toml"]).service_name == "crud-service"


@pytest.mark.parametrize("value", ["true", "1", "yes", "on"])
def test_switches(monkeypatch, value) -> None:
    """A switch takes the usual words, from a flag and from the environment."""
    monkeypatch.setenv("CRUD_AUTO_MIGRATE", {"true": "false", "1": "0", "yes": "no", "on": "off"}[value])
    settings = load_settings(["--auto-create-collections", value])
    assert (settings.auto_create_collections, settings.auto_migrate) == (True, False)


def test_an_empty_variable_is_no_setting(monkeypatch) -> None:
    """A variable that is set to nothing means the default, as compose files set it."""
    monkeypatch.setenv("CRUD_HTTP_ADDRESS", "")
    assert load_settings([]).http_address == "127.0.0.1:8080"


WRONG = [
    ("http_address", "nonsense", "must be host:port"),
    ("http_address", "localhost", "must be host:port"),
    ("http_address", ":8080", "must be host:port"),
    ("http_address", "localhost:", "must be host:port"),
    ("http_address", "localhost:http", "must be host:port"),
    ("http_address", "localhost:65536", "must be host:port"),
    ("http_address", "localhost:-1", "must be host:port"),
    ("grpc_address", "50051", "must be host:port"),
    ("store", "postgres://somewhere", "must be sqlite:///FILE or memory://"),
    ("store", "sqlite://crud.db", "must be sqlite:///FILE or memory://"),
    ("store", "sqlite:///", "must name a file"),
    ("store", "memory://x", "must be sqlite:///FILE or memory://"),
    ("auto_migrate", "maybe", "boolean"),
    ("log_level", "loud", "'debug', 'info', 'warning' or 'error'"),
    ("log_format", "xml", "'auto', 'json' or 'text'"),
    ("event_loop", "trio", "'auto', 'uvloop' or 'asyncio'"),
    ("rate_limits", "write", "SCOPE=RATE"),
    ("rate_limits", "write=1,write=2", "two rates"),
    ("log_calls_share", "1.5", "less than or equal to 1"),
    ("outgoing_retry_ratio", "-0.1", "greater than or equal to 0"),
    ("breaker_failure_rate", "0", "greater than 0"),
    ("shutdown_grace", "0", "greater than 0"),
    ("shutdown_grace", "soon", "number"),
    ("limit_tags", "0", "greater than 0"),
    ("limit_tags", "-1", "greater than 0"),
    ("limit_tags", "many", "integer"),
    ("limit_content_depth", "33", "less than or equal to 32"),
    ("limit_content_depth", "0", "greater than or equal to 1"),
]


@pytest.mark.parametrize(("name", "value", "what"), WRONG)
@pytest.mark.parametrize("source", ["flag", "environment", "file"])
def test_a_wrong_value(monkeypatch, folder, source, name, value, what) -> None:
    """A wrong value ends in one line that names where it came from, what was given and what is right."""
    flag, variable = f"--{name.replace('_', '-')}", f"CRUD_{name.upper()}"
    if source == "flag":
        line = mistake(f"{flag}={value}")
        assert line.startswith(f"{flag}: ")
    elif source == "environment":
        monkeypatch.setenv(variable, value)
        line = mistake()
        assert line.startswith(f"{variable}: ")
    else:
        (folder / "crud.toml").write_text(f'{name} = "{value}"')
        line = mistake()
        assert line.startswith(f"{name} in crud.toml: ")
    assert what in line
    assert line.endswith(f"(given: {value!r})")


def test_the_source_that_counts_is_named(monkeypatch, folder) -> None:
    """When several sources set a value, the one that won is blamed."""
    (folder / "crud.toml").write_text('log_level = "loud"')
    monkeypatch.setenv("CRUD_LOG_LEVEL", "louder")
    assert mistake("--log-level", "loudest").startswith("--log-level: ")
    assert mistake().startswith("CRUD_LOG_LEVEL: ")
    monkeypatch.setenv("CRUD_LOG_LEVEL", "info")
    assert load_settings([]).log_level == "info"


def test_an_empty_flag_is_wrong() -> None:
    """A flag without a value is told so by its name."""
    assert mistake("--http-address", "").startswith("--http-address: must be host:port")
    assert "--http-address" in mistake("--http-address")


def test_a_wrong_type_in_the_file(folder) -> None:
    """A number where the file needs a text is named with its key and the file."""
    (folder / "other.toml").write_text("http_address = 8080")
    assert mistake("--config", "other.toml").startswith("http_address in other.toml: ")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("CRUD_HTTP_ADRESS", "CRUD_HTTP_ADDRESS"),
        ("CRUD_STOR", "CRUD_STORE"),
        ("CRUD_LIMIT_TAG", "CRUD_LIMIT_TAGS"),
        ("CRUD_LOG_LEVLE", "CRUD_LOG_LEVEL"),
        ("CRUD_PAGE_TOKEN_KEYS", "CRUD_PAGE_TOKEN_KEY"),
    ],
)
def test_a_misspelt_variable(monkeypatch, variable, meant) -> None:
    """A variable that is almost a setting stops the start and names the setting; its value is not shown."""
    monkeypatch.setenv(variable, "secret-value")
    assert mistake() == f"{variable} is no setting; did you mean {meant}?"


@pytest.mark.parametrize(
    "variable", ["CRUD_COMMIT", "CRUD_PROOF", "CRUD_SOMETHING_ELSE", "CRUDE_STORE", "HTTP_ADDRESS"]
)
def test_other_variables(monkeypatch, variable) -> None:
    """Variables that belong to somebody else are left alone."""
    monkeypatch.setenv(variable, "x")
    assert load_settings([]) == Settings()


def test_an_unknown_flag() -> None:
    """A flag that does not exist is named, with the way to the list."""
    line = mistake("--http-adress", "localhost:1")
    assert "--http-adress" in line
    assert line.endswith("Try --help.")
    assert "stray" in mistake("stray")


@pytest.mark.parametrize("text", ["http_adress = 'x'", "[limits]\ntags = 3"])
def test_an_unknown_key(folder, text) -> None:
    """A key of the file that is no setting is named with the file."""
    (folder / "crud.toml").write_text(text)
    name = "http_adress" if "adress" in text else "limits"
    assert mistake() == f"{name} in crud.toml is no setting; --help lists them"


@pytest.mark.parametrize("data", [b"http_address", b"a = \n", b"\xff\xfe", b"a = 1\na = 2\n", b'a = "open\n'])
def test_a_file_that_is_no_toml(folder, data) -> None:
    """A file that cannot be parsed is named."""
    (folder / "crud.toml").write_bytes(data)
    assert mistake().startswith("the settings file crud.toml is no TOML: ")


def test_a_file_that_cannot_be_read(folder, monkeypatch) -> None:
    """A file that was named but is missing, or is a folder, is an error, not silently left out."""
    assert mistake("--config", "gone.toml") == "the settings file gone.toml cannot be read: No such file or directory"
    monkeypatch.setenv("CRUD_CONFIG", str(folder))
    assert mistake() == f"the settings file {folder} cannot be read: Is a directory"


@pytest.mark.parametrize("source", ["flag", "environment"])
def test_secrets_are_not_shown(monkeypatch, source) -> None:
    """The page token key can be used but is not printed with the settings."""
    if source == "environment":
        monkeypatch.setenv("CRUD_PAGE_TOKEN_KEY", "planted-secret")
    settings = load_settings(["--page-token-key", "planted-secret"] if source == "flag" else [])
    assert settings.page_token_key is not None
    assert settings.page_token_key.get_secret_value() == "planted-secret"
    assert "planted-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_wrong_secret_is_not_shown(folder) -> None:
    """A key that cannot be used is named without its value."""
    (folder / "crud.toml").write_text("page_token_key = [1234567]")
    line = mistake()
    assert line.startswith("page_token_key in crud.toml: ")
    assert "1234567" not in line


def printed(capsys: Any, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        load_settings(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_lists_every_setting(capsys) -> None:
    """--help names each setting as flag and variable, with its description and default, and exits with success."""
    text = " ".join(printed(capsys, "--help").split())
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')} VALUE" in text
        default = "" if field.default is None else f", default {field.default}"
        variable = f"[CRUD_{name.upper()}{default}]"
        assert variable.replace(" ", "") in text.replace(" ", "")
        assert field.description is not None
        assert field.description.replace(" ", "") in text.replace(" ", "")
    assert "CRUD_CONFIG" in text


def test_version(capsys) -> None:
    """--version prints the version and exits with success."""
    assert printed(capsys, "--version").split() == ["crud-server", crud_service.__version__]


def test_settings_cannot_be_changed() -> None:
    """Settings are read once."""
    settings = load_settings([])
    with pytest.raises(ValueError, match="frozen"):
        settings.store = "memory://"  # type: ignore[misc]
