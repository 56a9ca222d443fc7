"""Commands for operators (`crud-admin`). They work on a store without a node, or beside one."""
