"""Request bodies: which fields there are and of which types."""
