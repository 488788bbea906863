"""What a ranking of the labels of posts is measured against: one baseline a file, all behind `LabelBaseline`."""
