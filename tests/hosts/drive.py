"""`python drive.py DOOR FOLDER`: play the ten calls by a door; prints what its model read, as JSON.

It runs in the environment of the host, which has Highroad's core and the host, and no test tools.
"""

import importlib
import json
import sys
from pathlib import Path

from ten_calls import play_all


def main(name: str, folder: str) -> None:
    door = importlib.import_module(f"doors.{name}").DOOR
    read = play_all(door, Path(folder))
    sys.stdout.write(json.dumps(read))


if __name__ == "__main__":
    main(*sys.argv[1:])
