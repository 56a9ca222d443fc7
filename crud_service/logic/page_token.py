"""Page tokens: opaque, authenticated, and bound to the query they came from."""

import hmac
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.query import Position, Rank

_MAC_BYTES = 16
# The first byte behind the seal says how the position is packed.
_PLAIN, _DEFLATED = b"\0", b"\1"
# Most positions are an id and a short value, which deflating makes longer.
_WORTH_DEFLATING = 256
# What is inflated was deflated here, so this is a belt to the braces: far more than the longest position.
_MOST_INFLATED = 65_536

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[str | int | float | bool | None]).decode


class PageTokens:
    """Seals positions in a list into tokens that nobody else can make (HMAC-SHA256, cut to 128 bits).

    A token is at most `most_bytes` long. A list in the order of its ids has positions without ranks; one that is not of
    records has no collection in them.
    """

    def __init__(self, key: bytes, most_bytes: int) -> None:
        self._key = key
        self._most_bytes = most_bytes

    def seal(self, position: Position, *query: str) -> str:
        """A token for `position` that opens only with the same query.

        Raises INVALID_ARGUMENT (`INVALID_ORDER_BY`) when the values of the position make it too long.
        """
        payload = _packed(position)
        token = _text(self._mac(payload, query) + payload)
        if len(token) > self._most_bytes:
            message = "the sort values are too long for a page token; order by fewer fields"
            raise invalid("order_by", message, Reason.INVALID_ORDER_BY)
        return token

    def open(self, token: str, *query: str) -> Position | None:
        """The position in `token`; None for an empty token.

        Raises INVALID_ARGUMENT (`INVALID_PAGE_TOKEN`) when it is forged, damaged or of another query.
        """
        if not token:
            return None
        if len(token) > self._most_bytes or not token.isascii():
            raise _refused()
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError as cause:
            raise _refused() from cause
        mac, payload = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        # The whole text is compared too: base64 has several spellings of the same bytes.
        if not hmac.compare_digest(mac, self._mac(payload, query)) or _text(sealed) != token:
            raise _refused()
        return _unpacked(payload)

    def _mac(self, payload: bytes, query: tuple[str, ...]) -> bytes:
        # ascii() tells any two queries apart, whatever characters they hold.
        return hmac.digest(self._key, ascii(query).encode() + payload, "sha256")[:_MAC_BYTES]


def _packed(position: Position) -> bytes:
    # Whether a value is null, false, true, a number or a text says its rank as well.
    values = [rank.value if rank.rank > 2 else (None, False, True)[rank.rank] for rank in position.ranks]
    plain = _encode([position.collection, position.id, *values])
    if len(plain) < _WORTH_DEFLATING:
        return _PLAIN + plain
    return min(_PLAIN + plain, _DEFLATED + zlib.compress(plain, 9), key=len)


def _unpacked(payload: bytes) -> Position:
    """The position in a payload whose seal was checked."""
    packed = payload[1:]
    if payload[:1] == _DEFLATED:
        packed = zlib.decompressobj().decompress(packed, _MOST_INFLATED)
    collection, record_id, *values = _decode(packed)
    return Position(tuple([_rank(value) for value in values]), str(collection), str(record_id))


def _rank(value: str | float | bool | None) -> Rank:
    if value is None:
        return Rank(0)
    if isinstance(value, bool):
        return Rank(2 if value else 1)
    return Rank(4 if isinstance(value, str) else 3, value)


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _refused() -> CrudError:
    message = "is no token of this query; send next_page_token as it came, with the other fields unchanged"
    return invalid("page_token", message, Reason.INVALID_PAGE_TOKEN)
