"""Tables and pictures of the results, for two pages: docs/paper.md and docs/refine.md.

`python pages.py WORK [DOCS]` makes them anew from the results.json of an earlier run.
"""
import json
import re
import sys
from pathlib import Path

import beyond
import figure

PAGES = "paper", "refine"         # with a picture of the same name each


def publish(results, work, docs):
    """Write tables and pictures to `work`, and into the pages of the folder `docs` if one is given.

    A table of a page that these results do not have stays as it is.
    """
    publish_tables(figure.tables(results) | beyond.tables(results), work / "tables.md", docs)
    figure.draw_figure(results, work / "paper.svg")
    beyond.draw_picture(results, work / "refine.svg")
    for name in PAGES if docs else ():
        (docs / f"{name}.svg").write_bytes((work / f"{name}.svg").read_bytes())


def publish_tables(tables, path, docs):
    """Write the tables to `path`, and into the pages of the folder `docs` if one is given."""
    path.write_text("\n\n".join(f"## {name}\n\n{text}" for name, text in tables.items()) + "\n")
    for name in (*PAGES, "classify") if docs else ():
        page = docs / f"{name}.md"
        page.write_text(re.sub(
            r"(<!-- table (\S+) -->\n).*?(<!-- end -->)",
            lambda m: f"{m[1]}\n{tables[m[2]]}\n\n{m[3]}" if m[2] in tables else m[0], page.read_text(), flags=re.S))


if __name__ == "__main__":
    WORK, *DOCS = map(Path, sys.argv[1:])
    publish(json.loads((WORK / "results.json").read_text()), WORK, *DOCS or [None])
