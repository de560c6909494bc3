"""A second, strict reader of MIDI files, event by event in plain Python: the oracle of the first.

Also a writer of files byte by byte, for what no library would write.
"""

from collections import defaultdict, deque
from pathlib import Path

CHANNEL_DATA = {8: 2, 9: 2, 10: 2, 11: 2, 12: 1, 13: 1, 14: 2}


class Fault(Exception):
    """The file breaks a rule of the format."""


def notes(content: bytes) -> list[tuple[int, int]]:
    """Onset in ticks and pitch of every note outside channel 10 that ends, sorted, each once.

    Raises Fault at the first byte that the format does not allow.
    """
    require(content[:8] == b"MThd\0\0\0\6" and len(content) >= 14, "header")
    form, count, division = (content[i] << 8 | content[i + 1] for i in (8, 10, 12))
    require(form in (0, 1) and 0 < division < 0x8000, "format or division")
    place, tracks = 14, []
    while place < len(content):
        require(place + 8 <= len(content), "chunk header")
        length = int.from_bytes(content[place + 4 : place + 8], "big")
        require(place + 8 + length <= len(content), "chunk length")
        if content[place : place + 4] == b"MTrk":
            tracks.append(content[place + 8 : place + 8 + length])
        place += 8 + length
    require(len(tracks) == count and (form == 1 or count == 1), "number of tracks")
    return sorted({note for track in tracks for note in track_notes(track)})


def track_notes(track: bytes) -> list[tuple[int, int]]:
    stream = deque(track)
    now, status, ended = 0, None, False
    sounding, found = defaultdict(deque), []
    while stream:
        require(not ended, "events after the end of the track")
        now += number(stream)
        first = take(stream)
        if first == 0xFF:
            kind = take(stream)
            require(kind < 128, "meta event of kind 128 or more")
            payload = [take(stream) for _ in range(number(stream))]
            ended = kind == 0x2F
            require(not (ended and payload), "end of track with a payload")
            status = None
            continue
        require(first != 0xF7, "escaped event")  # allowed by the format, but by neither reader
        if first == 0xF0:
            for _ in range(number(stream)):
                take(stream)
            status = None
            continue
        require(first < 0xF0, "system event in a file")
        if first >= 0x80:
            status, first = first, take(stream)
        require(status is not None, "running status without a status")
        data = [first, *(take(stream) for _ in range(CHANNEL_DATA[status >> 4] - 1))]
        require(all(byte < 0x80 for byte in data), "data byte of 128 or more")
        kind, key = status >> 4, (status & 15, data[0])
        if kind == 9 and data[1] > 0:
            sounding[key].append(now)
        elif kind in (8, 9) and sounding[key]:
            onset = sounding[key].popleft()
            if status & 15 != 9:
                found.append((onset, data[0]))
    require(ended, "no end of track")
    require(now < 2**31, "too many ticks")
    return found


def number(stream: deque) -> int:
    value = 0
    for _ in range(4):
        byte = take(stream)
        value = value * 128 + byte % 128
        if byte < 128:
            return value
    raise Fault("number of more than 4 bytes")


def take(stream: deque) -> int:
    require(stream, "track ends within an event")
    return stream.popleft()


def require(condition, rule: str) -> None:
    if not condition:
        raise Fault(rule)


def variable(value: int) -> bytes:
    """A variable-length quantity."""
    digits = [value & 127]
    while value := value >> 7:
        digits.append(128 | value & 127)
    return bytes(reversed(digits))


def header(form: int, tracks: int, division: int = 480) -> bytes:
    return b"MThd" + b"".join(n.to_bytes(w, "big") for n, w in
                              ((6, 4), (form, 2), (tracks, 2), (division, 2)))  # fmt: skip


def chunk(content: bytes, name: bytes = b"MTrk") -> bytes:
    return name + len(content).to_bytes(4, "big") + content


def track(*events: tuple[int, bytes], end: bytes = b"\0\xff\x2f\0") -> bytes:
    """A track chunk of events (ticks since the one before, bytes)."""
    return chunk(b"".join(variable(delta) + content for delta, content in events) + end)


def on(delta: int, pitch: int, velocity: int = 64, channel: int = 0) -> tuple[int, bytes]:
    return delta, bytes([0x90 | channel, pitch, velocity])


def off(delta: int, pitch: int, channel: int = 0) -> tuple[int, bytes]:
    return delta, bytes([0x80 | channel, pitch, 64])


def meta(delta: int, kind: int, payload: bytes) -> tuple[int, bytes]:
    return delta, bytes([0xFF, kind]) + variable(len(payload)) + payload


def rich_file() -> bytes:
    """A small file with every kind of event: several tracks, drums, sysex, tempi, running status,
    overlaps, notes of no length, notes that never end, an unknown chunk."""
    first = track(
        meta(0, 0x03, "Köchel".encode()), meta(0, 0x51, bytes([7, 0xA1, 0x20])),
        meta(0, 0x58, bytes([4, 2, 24, 8])), meta(0, 0x59, bytes([0xFD, 1])),
        (0, b"\xf0\x05\x7e\x7f\x09\x01\xf7"), meta(960, 0x51, bytes([3, 0, 0])),
        meta(16303, 0x01, b"\xff\x2f\x00 in a text"),
    )  # fmt: skip
    second = track(
        (0, b"\xc0\x05"), (0, b"\xb0\x40\x7f"), on(0, 60), on(10, 60), on(0, 64), on(5, 60),
        off(20, 60), (3, b"\x3c\x00"), off(0, 64), on(7, 70), off(0, 70), on(300, 50, 1),
        (16303, b"\xe0\x00\x40"), (1, b"\xd0\x10"), (1, b"\xa0\x32\x10"), off(2, 50), on(9, 99),
        (0, b"\xb0\x40\x00"),
    )  # fmt: skip
    third = track(
        on(0, 36, channel=9), on(0, 60, channel=3), off(9, 36, channel=9), (1, b"\x93\x3c\x00"),
        on(0, 61, channel=3), (5, b"\x3e\x40"), (5, b"\x3d\x00"), (5, b"\x3e\x00"),
    )  # fmt: skip
    return header(1, 3) + first + chunk(b"abc", b"XFIH") + second + third


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
