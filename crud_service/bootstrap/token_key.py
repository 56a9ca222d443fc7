"""The key that seals page tokens and resume tokens."""

import secrets

from pydantic import SecretStr

from crud_service.model.ports.system_store import TIMELINE, SystemStore

_PAGE_TOKEN_KEY = "page_token_key"


async def token_key(store: SystemStore, setting: SecretStr | None) -> bytes:
    """The key of the settings, or one that the store keeps, the same for all its nodes.

    A store that was restored from a backup has another timeline, so no token of the lost one is good for it.
    """
    timeline = await store.load_or_create(TIMELINE, lambda: secrets.token_bytes(16))
    if setting is not None:
        return setting.get_secret_value().encode() + timeline
    return await store.load_or_create(_PAGE_TOKEN_KEY, lambda: secrets.token_bytes(32)) + timeline
