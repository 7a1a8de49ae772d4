"""Answers of networks, gateways and connections in the newest form, for the OpenAPI document."""
