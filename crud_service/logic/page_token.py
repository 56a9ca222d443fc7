"""Page tokens: opaque, authenticated, and bound to the query they came from."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from crud_service.model.errors import CrudError, Reason, invalid

_MAC_BYTES = 16


class PageTokens:
    """Seals positions in a list into tokens that nobody else can make (HMAC-SHA256, cut to 128 bits)."""

    def __init__(self, key: bytes, most_bytes: int) -> None:
        self._key = key
        self._most_bytes = most_bytes

    def seal(self, position: str, *query: str) -> str:
        """A token for `position` that opens only with the same query."""
        payload = position.encode()
        return urlsafe_b64encode(self._mac(payload, query) + payload).rstrip(b"=").decode()

    def open(self, token: str, *query: str) -> str:
        """The position in `token`; the empty string for an empty token.

        Raises INVALID_ARGUMENT (`INVALID_PAGE_TOKEN`) when it is forged, damaged or of another query.
        """
        if not token:
            return ""
        if len(token) > self._most_bytes or not token.isascii():
            raise _refused()
        try:
            position = urlsafe_b64decode(token + "=" * (-len(token) % 4))[_MAC_BYTES:].decode()
        except ValueError as cause:
            raise _refused() from cause
        # The whole text is compared: base64 has several spellings of the same bytes.
        if not hmac.compare_digest(token, self.seal(position, *query)):
            raise _refused()
        return position

    def _mac(self, payload: bytes, query: tuple[str, ...]) -> bytes:
        return hmac.digest(self._key, msgspec.json.encode(query) + payload, "sha256")[:_MAC_BYTES]


def _refused() -> CrudError:
    message = "is no token of this query; send next_page_token as it came, with the other fields unchanged"
    return invalid("page_token", message, Reason.INVALID_PAGE_TOKEN)
