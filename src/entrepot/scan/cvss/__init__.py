"""The Common Vulnerability Scoring System, versions 2.0 to 4.0: vectors -> base scores.

https://www.first.org/cvss/
"""
