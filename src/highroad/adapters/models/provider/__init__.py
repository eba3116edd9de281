"""Models of providers, through the model layer of pydantic-ai; its agent is not used.

`families` knows the providers, `messages` and `requests` say in pydantic-ai's words what a model is
asked, `replies` and `failures` say in ours what came back.
"""
