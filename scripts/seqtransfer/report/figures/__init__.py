"""Tables of the report -> its figures."""
