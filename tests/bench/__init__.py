"""Figures from a running product: `python -m tests.bench --data-dir DIR` (see the README)."""
