"""CMEM: the connotation multimodal embedding model."""
