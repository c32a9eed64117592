"""The records of a gzip-compressed WARC file, member by member.

A record normally has a gzip member of its own. Some files have all in one, or cut members anywhere; they are read too.
Damage costs the record it lies in: reading goes on at the next member that begins with a record.

A range that begins in mid-file begins at the first **sure border** in it: a member that begins with a record and is
followed by sound members for 64 kB, or to the end of the file. (A WARC file harvested into another one looks like
borders too, but deflate cannot store more than 64 kB of it in one piece.) The range before reads up to the same place.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from corpus_kit.compression import OUTPUT, PIECE, DamagedInput, GzipMember
from corpus_kit.sources.warc_record import (
    HEADER_BYTES,
    HEADER_END,
    MAGIC,
    Record,
    content_length,
    damaged,
    parse_header,
)
from corpus_kit.sources.window import Window

_GZIP = b"\x1f\x8b\x08"
_LINE = b"\nWARC/1."
_LOST = ("read.damaged", "read.bad_record")
"""After such a record it is not known where the next one begins."""
STORED = 0xFFFF
"""Bytes deflate can keep uncompressed in one block (RFC 1951, 3.2.4)."""
PADDING = 64 << 10
"""So many zero bytes at the end are padding; more are a file that was allocated and never filled."""


def gzip_records(window: Window, start: int, end: int | None, cap: int) -> Iterator[Record]:
    """Records that belong to [start, end), and one for each stretch of damage."""
    if window.size == 0 and start == 0:
        yield damaged("0")
    at = sure_border(window, start)
    stop = window.size if end is None else sure_border(window, end)
    while at < stop and not _is_padding(window, at):
        run = _Run(window, at, cap)
        yield from run.records()
        at = run.next


def holds_several(window: Window, cap: int) -> bool:
    """Whether the first member has more than one record, so that the file has to be read as a whole."""
    run = _Run(window, 0, cap)
    next(run.records(), None)
    return run.more


def sure_border(window: Window, at: int) -> int:
    """The first sure border from `at` on; the size of the file if there is none. The beginning always is one."""
    if at <= 0:
        return 0
    while True:
        at = _border(window, at)
        if at >= window.size or _is_sound(window, at):
            return at
        at += 1


def _border(window: Window, at: int) -> int:
    """The first member from `at` on that begins with a record; the size of the file if there is none."""
    while True:
        at = window.find(_GZIP, at)
        if at < 0:
            return window.size
        if _begins_record(window, at):
            return at
        at += 1


def _begins_record(window: Window, at: int) -> bool:
    try:
        begin = zlib.decompressobj(wbits=31).decompress(window.read(at, PIECE), len(MAGIC))
    except zlib.error:
        return False
    return begin == MAGIC


def _is_sound(window: Window, at: int) -> bool:
    members = _Members(window, at, salvage=False)
    try:
        while members.next - at <= STORED and not _is_padding(window, members.next):
            members.open(members.next)
            while members.pull():
                members.buffer.clear()
    except DamagedInput:
        return False
    return True


def _is_padding(window: Window, at: int) -> bool:
    """Whether the file ends here, but for some zeros."""
    return window.size - at < PADDING and not window.read(at, PADDING).strip(b"\0")


class _Members:
    """Decoded bytes of one gzip member after another."""

    def __init__(self, window: Window, at: int, *, salvage: bool = True):
        self.window = window
        self.buffer = bytearray()
        self.begin = at
        self.next = at
        """Where the next member should begin; the same as `begin` until the end of this one is reached."""
        self._fed = at
        self._decoder = GzipMember()
        self._failure: DamagedInput | None = None
        self._salvages = salvage

    def open(self, at: int) -> None:
        """Turns to the member at `at`; what is in the buffer stays."""
        self.begin = self.next = self._fed = at
        self._decoder = GzipMember()

    def pull(self) -> bool:
        """Decodes some more of the member into the buffer; False at its end, with its checksum right."""
        if self._failure is not None:
            raise self._failure
        if self._decoder.eof:
            return False
        data = b""
        if self._decoder.needs_input:
            data = self.window.read(self._fed, PIECE)
            if not data:
                raise DamagedInput("the file ends within a member")
        self._fed += len(data)
        before = self._decoder.copy() if self._salvages else None
        try:
            self.buffer += self._decoder.decompress(data, OUTPUT)
        except zlib.error as error:
            self._failure = DamagedInput("a member is damaged")
            self._failure.__cause__ = error
            if before is not None:
                self._salvage(before, data)
        if self._decoder.eof:
            self.next = self._fed - len(self._decoder.unused_data)
        return True

    def _salvage(self, decoder: GzipMember, data: bytes) -> None:
        """What can be decoded of the piece that failed: fed byte by byte, up to the damage."""
        try:
            for i in range(len(data)):
                self.buffer += decoder.decompress(data[i : i + 1], OUTPUT)
        except zlib.error:
            pass


class _Run:
    """The records from one member on, as far as they hang together; most often one record in one member."""

    def __init__(self, window: Window, at: int, cap: int):
        self.next = at
        """Where to go on, when all records are read."""
        self.more = False
        """Whether something follows the record just given in its own member."""
        self._members = _Members(window, at)
        self._members.open(at)
        self._cap = cap
        self._first = at
        self._index = 0

    def records(self) -> Iterator[Record]:
        """The records; the last may be one that says where the damage is."""
        members = self._members
        try:
            self.more = self._skip_blank()
            while self.more:
                record = self._record()
                # a record is as good as the checksum behind it, so the end of its member comes first
                self.more = self._next_line() if record.reason in _LOST else self._skip_blank()
                yield record
                self._index = self._index + 1 if members.begin == self._first else 0
                self._first = members.begin
            self.next = members.next
        except DamagedInput:
            yield damaged(self._locator())
            self.next = members.next if members.next > members.begin else _border(members.window, members.begin + 1)

    def _locator(self) -> str:
        return f"{self._first}+{self._index}" if self._index else str(self._first)

    def _record(self) -> Record:
        buffer = self._members.buffer
        while len(buffer) < len(MAGIC):
            self._pull()
        end = _header_end(buffer)
        while end < 0 and buffer.startswith(MAGIC) and len(buffer) < HEADER_BYTES:
            self._pull()
            end = _header_end(buffer)
        if end < 0 or not buffer.startswith(MAGIC):
            return damaged(self._locator())
        fields = parse_header(bytes(buffer[:end]))
        length = content_length(fields)
        if length is None:
            return Record(self._locator(), fields, reason="read.bad_record")
        del buffer[:end]
        if length > self._cap:
            self._skip(length)
            return Record(self._locator(), fields, reason="read.too_large", size=length)
        while len(buffer) < length:
            self._pull()
        content = bytes(buffer[:length])
        del buffer[:length]
        return Record(self._locator(), fields, content, size=length)

    def _pull(self) -> None:
        """Decodes more of the record at hand, which may go on in the next member if no other record begins there."""
        members = self._members
        if members.pull():
            return
        if members.next >= members.window.size or _begins_record(members.window, members.next):
            raise DamagedInput("a record ends early")
        members.open(members.next)

    def _skip(self, size: int) -> None:
        buffer = self._members.buffer
        while size:
            if not buffer:
                self._pull()
            part = min(size, len(buffer))
            del buffer[:part]
            size -= part

    def _skip_blank(self) -> bool:
        """Whether the member has anything but line ends left."""
        buffer = self._members.buffer
        while True:
            blank = 0
            while blank < len(buffer) and buffer[blank] in b"\r\n":
                blank += 1
            del buffer[:blank]
            if buffer:
                return True
            if not self._members.pull():
                return False

    def _next_line(self) -> bool:
        """Whether the member has another line that looks like a record's first, and goes there."""
        buffer = self._members.buffer
        while (found := buffer.find(_LINE)) < 0:
            del buffer[: -len(_LINE)]
            if not self._members.pull():
                buffer.clear()
                return False
        del buffer[: found + 1]
        return True


def _header_end(buffer: bytearray) -> int:
    found = HEADER_END.search(buffer)
    return found.end() if found else -1
