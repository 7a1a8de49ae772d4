"""Answers in the shape of generation 1: plain dicts, built with few queries per list."""
