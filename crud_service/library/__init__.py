"""One adapter per external library. Each is imported when it is used, so what is not used costs nothing."""
