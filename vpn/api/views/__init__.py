"""The operations: they pass parsed requests to services and render the results."""
