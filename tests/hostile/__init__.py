"""What a stranger's file may not do; `python -m tests.hostile DIR` writes such files."""
