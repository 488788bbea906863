"""Which posts stand: pictures that decode, ids and pictures that come once."""
