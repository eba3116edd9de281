"""The rarer strategies: several lines of thought or attempts, of which one is kept.

They ask a model many times for one answer: an agent that goes by one needs `iterations` to match,
and a judge that can tell better from worse.
"""
