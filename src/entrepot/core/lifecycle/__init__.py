"""Lifecycle policies of repositories: kept, previewed, carried out (ECR user guide, "Automate the cleanup of images").

What a policy says of images is pattern/lifecycle; here it meets rows. Two jobs work on it: previews and policies.
"""
