"""Real tunnels: one charon per gateway member, each in a network namespace of its own.

The measured facts behind every setting are in the operations manual; the order of reading is
driver, charon, member, fabric, translate, watch.
"""
