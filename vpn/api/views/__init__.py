"""The operations: what was read goes to a service, what it made goes out as a body."""
