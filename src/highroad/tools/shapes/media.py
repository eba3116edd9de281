"""Which bytes a form takes beside the JSON of a result, and why it does not take others.

A provider answers a request that has bytes it does not take with an error, and so it answers every
later request of that conversation. What is in doubt is therefore told in words.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Self

from highroad.domain.part import File, Image


def plain_type(media_type: str) -> str:
    """A media type in small letters, without its parameters (RFC 9110 section 8.3.1)."""
    return media_type.partition(";")[0].strip().lower()


def in_base64(data: bytes) -> str:
    """Bytes as JSON carries them."""
    return b64encode(data).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What one form takes.

    Args:
        images: Media types of images; `None` for any.
        files: Media types of files; `None` for any.
        utf8: Of these, the types that the form carries as text.
        largest_image: Bytes of one image.
        largest_file: Bytes of one file.
        most: Bytes of all images and files of one answer.
        has_texts: Whether text may stand in blocks of its own, beside the JSON.
    """

    images: frozenset[str] | None = frozenset()
    files: frozenset[str] | None = frozenset()
    utf8: frozenset[str] = frozenset()
    largest_image: int = 0
    largest_file: int = 0
    most: int = 0
    has_texts: bool = True

    @property
    def without_bytes(self) -> Self:
        """The same for a model that takes no images and files."""
        return type(self)(has_texts=self.has_texts)

    def refusal(self, part: Image | File, sent: int) -> str | None:
        """Why a part is told in words; `None` where the form takes it.

        Args:
            part: An image or a file.
            sent: Bytes that the answer has already.
        """
        taken, largest = self._bounds(part)
        size = len(part.data)
        if taken is not None and plain_type(part.media_type) not in taken:
            of_type = " of this type" if taken else ""
            return f"the form takes no {part.kind}{of_type}"
        if not size:
            return "it has no bytes"
        if size > largest:
            return f"the form takes no {part.kind} of more than {largest} bytes"
        if sent + size > self.most:
            return f"the form takes no more than {self.most} bytes in one answer"
        if plain_type(part.media_type) in self.utf8 and not _is_utf8(part.data):
            return "it is no text in UTF-8"
        return None

    def _bounds(self, part: Image | File) -> tuple[frozenset[str] | None, int]:
        if isinstance(part, Image):
            return self.images, self.largest_image
        return self.files, self.largest_file


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
