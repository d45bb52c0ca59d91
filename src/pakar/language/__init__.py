"""What pakar knows of human languages: which one, where sentences end, what counts as a word."""
