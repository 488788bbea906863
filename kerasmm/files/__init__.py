"""How files are written, read and named: what every floor does with them alike."""
