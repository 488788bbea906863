"""How a source's posts come in."""
