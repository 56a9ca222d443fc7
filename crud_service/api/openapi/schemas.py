"""The schemas of replies: messages as the service sends them."""

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.fields import message_of
from crud_service.api.openapi.contract import Contract, behaviours
from crud_service.api.openapi.json_types import Schema, is_ours, may_be_unset, type_of


def reference(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


class Schemas:
    """Makes schemas of messages and collects them for `components.schemas`.

    All fields but unset times are there, unless a read mask left them out. So a message that some operation masks
    requires nothing by itself; who refers to it where no mask applies adds what is required.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._masked = contract.masked_resources()
        self.found: dict[str, Schema] = {}

    def reply(self, message: Descriptor, *, masked: bool) -> Schema:
        """A reference to the schema of a message; `masked` if the records in it may lack fields."""
        if message.name not in self.found:
            self.found[message.name] = {}
            self.found[message.name] = self._object(message, masked=masked)
        if message.name not in self._masked or masked:
            return reference(message.name)
        return reference(message.name) | {"required": _always_set(message)}

    def _object(self, message: Descriptor, *, masked: bool) -> Schema:
        fields = [field for field in message.fields if "INPUT_ONLY" not in behaviours(field)]
        schema: Schema = {
            "type": "object",
            "description": self._contract.comment(message.full_name),
            "properties": {field.json_name: self._sent(field, masked=masked) for field in fields},
        }
        if message.name in self._masked:
            schema["description"] += "\n\nWith a read mask only the fields that it names are there."
        elif always_set := _always_set(message):
            schema["required"] = always_set
        return schema

    def _sent(self, field: FieldDescriptor, *, masked: bool) -> Schema:
        if is_ours(field):
            schema = self.reply(message_of(field), masked=masked)
            schema = {"type": "array", "items": schema} if field.is_repeated else schema
        else:
            schema = type_of(field)
        if behaviours(field) & {"OUTPUT_ONLY", "IDENTIFIER"}:
            schema = schema | {"readOnly": True}
        return schema | {"description": self._contract.field_comment(field)}


def _always_set(message: Descriptor) -> list[str]:
    fields = [field for field in message.fields if "INPUT_ONLY" not in behaviours(field)]
    return [field.json_name for field in fields if not may_be_unset(field)]
