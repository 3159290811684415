"""``python -m archivum_cli`` is ``archivum``."""

from archivum_cli.main import main

main()
