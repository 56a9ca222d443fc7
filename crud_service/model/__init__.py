"""The nouns and the ports that every other layer speaks. It imports no layer and no I/O library."""
