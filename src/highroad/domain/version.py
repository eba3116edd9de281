"""The version, here so that neither building nor importing has to look elsewhere."""

from typing import Final

VERSION: Final = "0.1.0.dev0"
