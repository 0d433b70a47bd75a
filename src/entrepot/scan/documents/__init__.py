"""What an image holds and what is known of it, as documents that other programs read; and SBOMs of others, read."""
