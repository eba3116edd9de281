"""`python drive.py DOOR FOLDER SCENE…`: play calls by a door; prints what its model read, as JSON.

It runs in the environment of the host, which has Highroad's core and the host, and no test tools.
"""

import importlib
import json
import sys
from pathlib import Path

from ten_calls import play_all


def main(name: str, folder: str, *scenes: str) -> None:
    door = importlib.import_module(f"doors.{name}").DOOR
    read = play_all(door, Path(folder), scenes)
    sys.stdout.write(json.dumps(read))


if __name__ == "__main__":
    main(*sys.argv[1:])
