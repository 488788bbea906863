"""An export asked from Python or the command line, without the model's code: queries, answers, labels, heat maps, pages."""
