"""Where a key of a study stands, found in the schemas: for one that is written in another place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from seqtransfer.corpora.converters import LAYOUTS
from seqtransfer.study.checks.schemas import UnknownKey
from seqtransfer.tokens import tokenizations

NAME = "<name>"  # stands in a place for any name that a study gives, such as that of a task
SHOWN = 3  # places that a message names
Path = tuple[str, ...]


@contextmanager
def told(study: Mapping, catalogue: Mapping) -> Iterator[None]:
    """Of an unknown key of the block, which raises UnknownKey, say where else it may stand.

    study, catalogue: their JSON Schemas. A key that is nearly a known one stays as it is.
    """
    try:
        yield
    except UnknownKey as error:
        places = [] if error.near else _nearest(error, _places(study, catalogue, error))
        if not places:
            raise
        ways = " or ".join(map(_written, places[:SHOWN]))
        of_source = places[0][:2] == ("catalogue", "sources") and "source" in error.known
        named = f", and name that by `source: {NAME}`" if of_source else ""
        raise ValueError(f"{error.said}; it stands elsewhere: write {ways}{named}") from error


def _places(study: Mapping, catalogue: Mapping, error: UnknownKey) -> list[Path]:
    """Every place of a study where the key may stand."""
    converter = str(error.record.get("converter"))  # of a record that is not checked
    of_all = list(LAYOUTS.values())
    own = [layout for layout in of_all if layout["properties"] == error.known]
    layouts = [LAYOUTS[converter]] if converter in LAYOUTS else own or of_all
    tokens = [options.schema() for options in tokenizations.OPTIONS.values()]
    inner = {"layout": layouts, "tokens": tokens}
    return [
        place
        for place in dict.fromkeys([*_keys(study), *_keys(catalogue, ("catalogue",), inner)])
        if place[-1] == error.key
    ]


def _keys(
    schema: Mapping, path: Path = (), inner: Mapping[str, list] | None = None
) -> Iterator[Path]:
    """The places of all keys below `path`. inner: key -> schemas of what is in it, besides."""
    inner = inner or {}
    for key, value in schema.get("properties", {}).items():
        yield (*path, key)
        for below in (value, *inner.get(key, ())):
            yield from _keys(below, (*path, key), inner)
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        yield from _keys(more, (*path, NAME), inner)


def _nearest(error: UnknownKey, places: list[Path]) -> list[Path]:
    """Those within the map that has the key, without the way to it; else all; of these, the ones
    with the fewest keys above them."""
    here = [_filled(place, error.path) for place in places]
    depth = len(error.path)
    # A key of another layout, or of another kind of tokens, does not fit this one.
    here = [place for place in here if place[max(0, depth - 1) :] != (*error.path[-1:], error.key)]
    within = [place[depth:] for place in here if place[:depth] == error.path]
    found = within or here
    return [place for place in found if len(place) == min(map(len, found))]


def _filled(place: Path, path: Path) -> Path:
    """The place, with the names that `path` has where it goes the same way."""
    filled = list(place)
    for number, (wanted, key) in enumerate(zip(place, path, strict=False)):
        if wanted not in (key, NAME):
            break
        filled[number] = key
    return tuple(filled)


def _written(place: Path) -> str:
    """A place as YAML: `sweep: {seeds: ...}`."""
    where = "" if len(place) > 1 else " at the top of the study"
    return f"`{': {'.join(place)}: ...{'}' * (len(place) - 1)}`{where}"
