"""Which reader a file is for: by its name, and where the name does not tell, by its first bytes."""

import codecs
from typing import Final

from embed_tool.blocks import Kind

SNIFFED_BYTES: Final = 8192

_BY_SUFFIX: Final = {
    Kind.MARKDOWN: "md markdown mdown mkd mdx",
    Kind.HTML: "html htm xhtml",
    Kind.PDF: "pdf",
    Kind.DOCX: "docx docm",
    Kind.SLIDES: "pptx pptm ppsx",
    Kind.SHEETS: "xlsx xlsm xlsb xls ods",
    Kind.CSV: "csv tsv",
    Kind.ODF: "odt odp",
    Kind.EPUB: "epub",
    Kind.NOTEBOOK: "ipynb",
    Kind.MAIL: "eml",
    Kind.MAILBOX: "mbox",
    Kind.TEXT: "txt text log rst adoc asciidoc org tex bib srt vtt po diff patch",
    Kind.CODE: "py pyi js mjs cjs ts tsx jsx java kt kts c h cc cpp cxx hh hpp cs go rs rb php pl "
    "pm lua r jl swift scala clj ex exs erl hs ml mli f90 f95 m sh bash zsh fish ps1 bat sql "
    "graphql proto css scss sass less vue svelte json jsonl yaml yml toml ini cfg conf xml xsd "
    "xsl gradle cmake mk nix tf service timer desktop el lisp scm vim dart zig asm s v vhd",
}
KINDS: Final = {
    suffix: kind for kind, suffixes in _BY_SUFFIX.items() for suffix in suffixes.split()
}
"""By suffix, in lower case."""

# Pictures, sound, film, fonts; archives, images of disks; what compilers make; databases; old
# kinds that only have text inside; and keys, which nobody wants quoted in an answer.
_NEVER_LISTED: Final = """
jpg jpeg png gif bmp tif tiff webp ico heic avif psd xcf svg eps ai raw cr2 nef
mp3 wav flac ogg oga opus m4a aac wma mid mp4 mkv avi mov webm wmv flv mpg mpeg m4v
ttf otf woff woff2 eot
zip tar gz tgz bz2 xz zst lz4 7z rar jar war apk deb rpm iso img dmg qcow2 vmdk whl egg
o a so dll dylib exe bin class pyc pyo wasm obj lib pdb elc beam
db sqlite sqlite3 mdb accdb dat npy npz parquet feather h5 hdf5 pkl pickle pt pth onnx
safetensors gguf model
doc ppt mobi rtf msg
lock map min swp swo tmp bak part crdownload
pem key p12 pfx jks kdbx gpg asc pgp ppk crt cer der
"""
_NEVER: Final = frozenset(_NEVER_LISTED.split())
_NEVER_NAMES: Final = frozenset(("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"))


def kind_of_name(name: str) -> Kind | None:
    """The kind that a name tells; None where it tells none."""
    return KINDS.get(_suffix(name))


def is_never_read(name: str) -> bool:
    """Whether the name alone says that there is nothing to read."""
    return _suffix(name) in _NEVER or name in _NEVER_NAMES


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def kind_of_content(start: bytes) -> Kind | None:
    """The kind of a file whose name does not tell it; None: binary, or a kind that is not read."""
    if start.startswith(b"%PDF-"):
        return Kind.PDF
    if start.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Kind.TEXT
    if b"\0" in start or _mostly_control(start):
        return None
    head = start[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return Kind.HTML
    return Kind.CODE if head.startswith(b"#!") else Kind.TEXT


def _mostly_control(start: bytes) -> bool:
    control = sum(byte < 32 and byte not in b"\t\n\r\f\b\x1b" for byte in start)
    return control * 50 > len(start)
