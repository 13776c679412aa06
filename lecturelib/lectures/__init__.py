"""One module for each notebook: the pictures that only it shows, then its exercises with their slips."""
