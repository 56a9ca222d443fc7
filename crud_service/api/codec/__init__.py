"""Between wire and model. Readers and writers are compiled once from the descriptors of the proto."""
