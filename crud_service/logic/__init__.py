"""The rules of the service. It speaks the nouns and ports of `model` and does no I/O of its own."""
