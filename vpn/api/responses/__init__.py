"""Objects of responses, one table of fields each (see console.core.api.response_schema)."""
