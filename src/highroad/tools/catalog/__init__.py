"""The catalog: what tools there are, who may use them, and what is at stake, for people to read.

`entry` puts it together from definitions and the lines of the policy; `markdown` and `page` write
it down. Nothing is opened or called for it, and the same tools and rules give the same catalog.
"""
