"""The transports: one operations table, served over gRPC and over HTTP. Three moves each: decode, call, encode."""
