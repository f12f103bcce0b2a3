"""What the answers of a round say: of its labels, of what is still to come, and of the people who gave them."""
