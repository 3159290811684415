"""Documents, in a process of their own: how many pages a PDF file has, as one line of JSON.

Run as ``python -P -m archivum.planning.documents FILE``.
"""

import json
import sys
from importlib import import_module


def main() -> None:
    """Count the pages, and say how many there are."""
    try:
        pikepdf = import_module("pikepdf")
    except ImportError:
        sys.exit("pikepdf is not installed")
    try:
        with pikepdf.open(sys.argv[1]) as document:
            count = len(document.pages)
    except (pikepdf.PdfError, OSError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}"[:300])
    if not count:
        sys.exit("it has no pages")
    sys.stdout.write(json.dumps({"pages": str(count)}))


if __name__ == "__main__":
    main()
