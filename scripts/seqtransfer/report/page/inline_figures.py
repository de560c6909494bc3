"""A figure's SVG file -> an element of the page: its names its own, a title and a description."""

import re
from xml.etree import ElementTree

SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# matplotlib's rule for all elements, which in a page would hold for those of other figures, too.
STROKES = "stroke-linejoin: round; stroke-linecap: butt"


def inline(text: str, name: str, title: str, description: str) -> str:
    """The figure `name` as an `<svg>` element that scales with the page.

    text: of the SVG file. Every id, and what refers to it, begins with `name`, so that many figures
    share one page. title, description: what screen readers say in its place.
    Raises ValueError if the text is no XML.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(
            f"figure {name}: its SVG file is damaged ({error}); draw it anew"
        ) from error
    words = [child for child in root if child.tag in (f"{{{SVG}}}title", f"{{{SVG}}}desc")]
    for child in words:  # of the whole; titles of marks stay
        root.remove(child)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, _renamed(key, value, name))
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.set("id", f"{name}-drawing")  # so that the page can show it again
    root.set("role", "img")
    root.set("style", STROKES)
    root.set("aria-labelledby", f"{name}-title")
    root.set("aria-describedby", f"{name}-description")
    for place, (tag, kind, words) in enumerate(
        (("title", "title", title), ("desc", "description", description))
    ):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{kind}"})
        element.text = words
        root.insert(place, element)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", LINK)
    return ElementTree.tostring(root, encoding="unicode")


def box(drawn: str) -> str:
    """The `viewBox` of a figure that `inline` made."""
    found = re.search(r'viewBox="([^"]+)"', drawn)
    return found[1] if found else ""


def _renamed(key: str, value: str, name: str) -> str:
    """The value of an attribute, with `name` before every id in it."""
    if key == "id":
        return f"{name}-{value}"
    if key in ("href", f"{{{LINK}}}href"):
        return re.sub("^#", f"#{name}-", value)
    return re.sub(r"url\(#", f"url(#{name}-", value)
