"""The collections of the service itself: everybody may read them, and only the service writes them.

They live apart from those of clients, as the collections of two tenants do: neither lists of all collections nor lists
over all of them show them.
"""

from crud_service.model.call import INTERNAL, Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import SYSTEM_PREFIX


def check_writable(call: Call, collection: str) -> None:
    """Raise PERMISSION_DENIED (`SYSTEM_COLLECTION`) if the caller may not write the collection, nor its records."""
    if collection.startswith(SYSTEM_PREFIX) and call.transport != INTERNAL:
        message = f"collections that begin with {SYSTEM_PREFIX} are written by the service itself; choose another id"
        raise CrudError(Kind.PERMISSION_DENIED, Reason.SYSTEM_COLLECTION, message)
