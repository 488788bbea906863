"""Which posts say nearly what an earlier one says."""
