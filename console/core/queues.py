"""Names of the task queues."""


def node_queue(node: str) -> str:
    """The queue that only the worker of that host serves."""
    return f"node.{node}"
