"""Configuration for the engineer of the other side, and the reader of configurations that they send."""
