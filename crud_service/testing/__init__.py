"""The kit that ships with the package: what an adapter or an extension is tested with."""
