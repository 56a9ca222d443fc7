"""Schema versions of the SQL stores, applied by Alembic when a store is opened.

Within a release a migration only expands: older code of the same release keeps working beside it. Each script in
`versions` is history and never changes once it was released.
"""

HEAD = "0004"
"""The schema version of this code: the last revision in `versions` (a test compares). Known without Alembic."""
