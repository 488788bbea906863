"""A run: how a system is trained, what it leaves in its folder, how it is evaluated and compared."""
