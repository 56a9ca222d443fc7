"""A universal CRUD microservice: one record model over gRPC and HTTP/JSON, one change log."""

__version__ = "0.1.0"
