"""Programs in processes of this machine, bare or in bubblewrap (port `sandbox`).

`plain` and `bubblewrap` are the sandboxes. `runners` says what runs which language, `supervision`
starts it, hears it and stops it, and `answers` reads what became of it. `guest.py` and `guest.js`
run inside.
"""
