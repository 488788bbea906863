"""Figures, lettering, heat maps, sheets of photos, plots; knows no system."""
