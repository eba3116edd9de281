"""Ready-made transforms: tools that work their result out of their arguments alone.

What they make is evidence where what they are given is (`highroad.evidence.composition`).
"""
