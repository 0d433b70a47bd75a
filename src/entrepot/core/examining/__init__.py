"""Images examined for a person who asks: of this deployment, of somebody's registry, or of a file. Nothing is kept."""
