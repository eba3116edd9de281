"""Worker processes that are killed when their time is up (port `sandbox`).

`pool` is the sandbox, `worker` a process as its parent sees it, and `program` what runs in it.
"""
