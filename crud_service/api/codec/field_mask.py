"""Field masks as text: paths between commas, in lowerCamelCase down to the content, whose keys are as they are."""

import re
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from crud_service.model.errors import Reason, Violation

# A comma within quotes belongs to a key. A quote that is not closed is for logic to refuse.
_PATH = re.compile(r"""(?:[^,`"]|`[^`]*`|"[^"]*"|[`"])+""")
_UPPER = re.compile(r"[A-Z]")


def compile_mask_reader(field: FieldDescriptor) -> Callable[[Any, str, list[Violation]], tuple[str, ...] | None]:
    """A reader of masks for `field`, such as `update_mask`; what is wrong with one is `INVALID_UPDATE_MASK` then."""
    reason = Reason[f"INVALID_{field.name.upper()}"]

    def read(value: Any, path: str, violations: list[Violation]) -> tuple[str, ...] | None:
        if not isinstance(value, str):
            violations.append(Violation(path, "is not a string with a field mask", reason))
            return None
        found = []
        for each in _PATH.findall(value):
            name, dot, keys = each.partition(".")
            if "_" in name:
                violations.append(Violation(path, f"{name} is no field; names are in lowerCamelCase", reason))
            found.append(_UPPER.sub(_lower, name) + dot + keys)
        return tuple(found)

    return read


def _lower(upper: re.Match[str]) -> str:
    return f"_{upper[0].lower()}"
