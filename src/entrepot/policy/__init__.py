"""Pure rules of access: tokens and signatures."""
