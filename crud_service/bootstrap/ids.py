"""How the node makes ids."""

import uuid_utils


def new_id() -> str:
    """A UUIDv7: ids made later sort later, which keeps inserts at one end of the index (RFC 9562)."""
    return str(uuid_utils.uuid7())


def new_call_id() -> str:
    """The id of one call, which sorts by time as well."""
    return uuid_utils.uuid7().hex


def new_trace_id() -> str:
    """A trace id, all of it random."""
    return uuid_utils.uuid4().hex
