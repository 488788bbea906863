"""Who posts: users that are left out, users that training knows."""
