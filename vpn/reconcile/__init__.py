"""Rows hold the desired state; one reconcile run brings the host to it.

Every run does the same: read the rows (`desired`), observe through the driver what exists, let the
pure `plan` compute the missing steps, apply them, observe again, record the result (`record`).
Create, edit, repair, failover and delete are all such a run, so a request for one may be delivered
twice, late or out of order, and a run may be killed at any line: the next run sees what was done and
plans the rest again.

Two runs over one gateway would only disturb each other: a lock of the host keeps the second one
out, and the kernel releases it when its holder dies. The driver refuses a run that holds an old spec
(StaleGeneration).
"""
