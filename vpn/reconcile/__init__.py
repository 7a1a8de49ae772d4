"""Rows say what should be; one pass makes it so.

A pass is always the same: read the rows (`desired`), ask the driver what stands, let the pure
`plan` say what is missing, apply it, ask again, write down what was seen (`record`). Create,
edit, repair, failover and delete are that pass and nothing else, so it may be delivered twice,
late, out of order, or be killed at any line: what was done is seen by the next pass, what was
not done is planned again.

Two passes over one gateway would only disturb each other: a lock of the host keeps the second one
out, and the kernel releases it when its holder dies. A pass that holds an old spec is refused by
the driver (StaleGeneration).
"""
