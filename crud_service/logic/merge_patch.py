"""JSON merge patch (RFC 7396): an object that looks like the result, where null removes."""

from typing import Any

Object = dict[str, Any]


def merge(target: Object, patch: Object) -> Object:
    """The target as the patch changes it; neither of them is touched.

    An object of the patch is merged with the one in its place, null removes a key, any other value replaces what is
    there. It takes any depth: how deep a content may be is asked of the result.
    """
    merged = dict(target)
    work = [(merged, patch)]
    while work:
        into, changes = work.pop()
        for key, value in changes.items():
            if value is None:
                into.pop(key, None)
            elif isinstance(value, dict):
                old = into.get(key)
                inner: Object = dict(old) if isinstance(old, dict) else {}
                into[key] = inner
                work.append((inner, value))
            else:
                into[key] = value
    return merged
