"""`python -m highroad`: the command line."""

from highroad.cli import main

if __name__ == "__main__":
    main()
