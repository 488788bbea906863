"""Arrays in, figures out: the protocols, their baselines and chance; knows no system."""
