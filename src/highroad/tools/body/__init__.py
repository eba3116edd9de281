"""The body of a tool: what it takes, what it gives back, and the functions beside it.

`binding` turns JSON arguments into what it takes, and `result` what it returned into JSON;
`context` is its view of the call. `hooks`, `checks`, `cost` and `failure` are what an author may
write beside it.
"""
