"""How values of each kind are compared: every notation of one value has the same key.

Each module knows one kind. It reads keys out of what was seen, and gives for a value that is sought
the keys under which it would have been seen. A key is the whole value: nothing is ever found by a
part of it.
"""
