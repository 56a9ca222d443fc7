"""Starts one node of the service. The chapters are in `crud_service.bootstrap`."""

from crud_service.bootstrap import Node, one_line_errors, run
from crud_service.settings import Settings, load_settings


async def serve(settings: Settings) -> None:
    """Build a node, part by part, and run it until it is told to stop."""
    async with Node(settings) as node:
        node.start_logging()
        await node.open_store()
        await node.add_logic()
        node.add_chassis()
        await node.serve_grpc()
        await node.serve_http()
        await node.register()
        await node.run()


def main() -> None:
    """The table of contents."""
    with one_line_errors():
        run(serve, load_settings())


if __name__ == "__main__":
    main()
