"""What format a file has (PRONOM), and whether it is a whole and valid file of that format.

:class:`~archivum.formats.examining.Examining` is the session for both. It works through processes of its own
(:mod:`archivum.formats.worker`), so that a file on which an engine hangs or crashes costs that process and
not the ingest. Of the identifying engines siegfried (by ``pygfried``) is asked first; fido (``opf-fido``)
wherever siegfried is unsure; :mod:`archivum.formats.judging` makes one answer of both. The validators are in
:mod:`archivum.formats.validators`, and ``profiles/formats.toml`` says which are asked about which format.
"""
