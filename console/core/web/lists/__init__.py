"""Lists: declared, not written again for each kind of thing.

A `ListSpec` says what rows there are, their columns, filters, search and actions. What a person
selected is in the address (`State`), so that it can be shared; `build` makes one page of it, `csv`
all pages, `bulk` acts on chosen rows through the services.
"""
