"""The ports: Protocols that logic speaks to and that the adapters of `library` and `extension` implement."""
