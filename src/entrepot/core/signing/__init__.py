"""AWS Signer and signatures that are made on push: profiles, their authority, jobs, rules."""
