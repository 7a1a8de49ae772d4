"""The OpenAPI document of every version, made of what the views declare."""
