"""`python -m crud_service.commands` is `crud-admin`."""

from crud_service.commands.admin import main

if __name__ == "__main__":
    main()
