"""The one signal of the house: policies do not know who uses them."""

from django.dispatch import Signal

# Sent inside the transaction of the change, with `policy`: an IKEPolicy or IPsecPolicy.
policy_changed = Signal()
