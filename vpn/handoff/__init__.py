"""What the engineer of the other side needs, and what can be read from what he sends."""
