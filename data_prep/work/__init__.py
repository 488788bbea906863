"""How passes are run: Beam, its workers, their files, and the posts set aside."""
