"""The whole product under one supervisor: what `manage.py quickstart` consists of."""
