"""Where a node listens, and how it says so."""

from crud_service.bootstrap.stores import data_file
from crud_service.library.banner import banner
from crud_service.library.code_version import version
from crud_service.model.ports.registrar import Address
from crud_service.settings import Settings


def announcement(settings: Settings, http_port: int, grpc_port: int) -> str:
    """What a node that is ready tells the person who started it."""
    file = data_file(settings.store)
    return banner(
        f"{settings.service_name} {version()}",
        http=listening(settings.http_address, http_port),
        grpc=listening(settings.grpc_address, grpc_port),
        data=file and file.resolve(),
    )


def listening(address: str, port: int) -> Address:
    """The address of a setting (`host:port`), with the port that was had."""
    return Address(address.rpartition(":")[0].strip("[]"), port)
