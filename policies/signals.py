"""The signal of a changed policy: policies do not know what uses them."""

from django.dispatch import Signal

# Sent inside the transaction of the change, with `policy`: an IKEPolicy or IPsecPolicy.
policy_changed = Signal()
