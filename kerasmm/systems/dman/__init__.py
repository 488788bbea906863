"""DMAN: deep multimodal attention networks."""
