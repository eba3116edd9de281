"""Recommendation: which tier and effect class a tool might have, of which nobody said any.

`vocabulary` has the words, `clues` finds what name, description, arguments and hints say, and
`recommendation` weighs them. All of it may be a stranger's words: it is shown to a person, who
decides, and the road believes none of it.
"""
