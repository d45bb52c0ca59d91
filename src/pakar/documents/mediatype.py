"""What a file is: told from its content first, and from its name only for kinds of text.

Knows the signatures of file formats, and which of them pakar reads. Reads no document.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pakar.errors import SourceError

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS = "application/vnd.ms-excel"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON_LINES = "application/jsonl"
PARQUET = "application/vnd.apache.parquet"
DATABASE = "application/x-database"

EML = "message/rfc822"
MBOX = "application/mbox"
MSG = "application/vnd.ms-outlook"
PNG, JPEG, TIFF = "image/png", "image/jpeg", "image/tiff"
BMP, WEBP = "image/bmp", "image/webp"

IMAGES = (PNG, JPEG, TIFF, BMP, WEBP)
TABLES = (XLSX, XLS, XLSB, ODS, CSV, TSV, JSON_LINES, PARQUET, DATABASE)
READABLE = (
    "PDF, DOCX, PPTX, HTML, Markdown, plain text, XLSX, XLS, XLSB, ODS, CSV, TSV, JSON Lines, "
    "Parquet, mail (EML, MBOX, MSG) and images (PNG, JPEG, TIFF, BMP, WEBP)"
)
DATABASE_FILES = (".db", ".db3", ".sqlite", ".sqlite3")

_BY_SUFFIX = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
    ".text": TEXT,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".xls": XLS,
    ".xlsb": XLSB,
    ".ods": ODS,
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".parquet": PARQUET,
    ".eml": EML,
    ".mbox": MBOX,
    ".mbx": MBOX,
    ".msg": MSG,
    ".png": PNG,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".bmp": BMP,
    ".webp": WEBP,
}
_SHORT_NAMES = {
    PDF: "PDF", DOCX: "DOCX", PPTX: "PPTX", HTML: "HTML", MARKDOWN: "Markdown", TEXT: "plain text",
    XLSX: "XLSX", XLS: "XLS", XLSB: "XLSB", ODS: "ODS", PARQUET: "Parquet",
    EML: "a mail", MBOX: "a mailbox", MSG: "an Outlook mail",
    PNG: "a PNG image", JPEG: "a JPEG image", TIFF: "a TIFF image", BMP: "a BMP image",
    WEBP: "a WEBP image",
}  # fmt: skip
_TEXTS = (HTML, MARKDOWN, TEXT, CSV, TSV, JSON_LINES)
_BY_CONTENT = (PDF, DOCX, PPTX, XLSX, XLS, XLSB, ODS, PARQUET, MSG, *IMAGES)

_SHEET, _IMAGE, _OLD_OFFICE = "a spreadsheet", "an image", "an old Office file"
_DATABASE = "a database"
_OPEN_DOCUMENT, _ARCHIVE, _MEDIA = "an OpenDocument file", "an archive", "sound or video"
_UNREADABLE_SUFFIXES = {
    **dict.fromkeys((".gif", ".svg", ".heic", ".ico"), _IMAGE),
    **dict.fromkeys((".doc", ".ppt", ".pps", ".dot"), _OLD_OFFICE),
    **dict.fromkeys((".odt", ".odp"), _OPEN_DOCUMENT),
    **dict.fromkeys((".zip", ".gz", ".tar", ".7z", ".rar", ".tgz"), _ARCHIVE),
    **dict.fromkeys((".mp3", ".wav", ".mp4", ".mkv", ".mov", ".avi"), _MEDIA),
    **dict.fromkeys(DATABASE_FILES, _DATABASE),
    ".rtf": "an RTF file",
    ".epub": "an EPUB book",
}
_HINTS = {
    _SHEET: "save it as XLSX or CSV",
    _DATABASE: "name it with its tables: pakar add sqlite:///FILE#TABLE",
    _IMAGE: "save it as PNG, JPEG, TIFF, BMP or WEBP",
    _OLD_OFFICE: "save it as DOCX, PPTX or XLSX with Office or LibreOffice",
    _OPEN_DOCUMENT: "save it as DOCX or PPTX with LibreOffice",
    _ARCHIVE: "unpack it, and add the folder",
}
_SIGNATURES = (
    (b"\x89PNG\r\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF8", _IMAGE),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"BM", BMP),
    (b"{\\rtf", "an RTF file"),
    (b"\x1f\x8b", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3\x00", _DATABASE),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
# The root of an Outlook mail; other files of this container have no such stream.
_MSG_STREAM = "__properties_version1.0".encode("utf-16-le")
# The entry of a workbook in the container's directory: its name ends with zeros.
_XLS_STREAMS = tuple(f"{name}\0\0".encode("utf-16-le") for name in ("Workbook", "Book"))
_HEAD = 4_096
_PDF_WITHIN = 1_024
_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_SEPARATOR_OF_MAILS = re.compile(r"From \S.*\d{4}\r?\n>?[A-Za-z][A-Za-z0-9-]*:")
_MAIL_HEADER = re.compile(
    r"(?:From|To|Subject|Date|Message-ID|Received|Return-Path|MIME-Version|Delivered-To|Reply-To"
    r"|Content-Type|Sender|Cc|X-[A-Za-z0-9-]+):",
    re.IGNORECASE,
)
_SENT = re.compile(r"(?:From|Received|Return-Path|Delivered-To|Message-ID):", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Detected:
    """A file's media type; `warning` says where its name claims another."""

    media_type: str
    warning: str = ""


def readable_by_name(path: Path) -> bool:
    """Its ending names a kind of file that pakar reads."""
    return path.suffix.lower() in _BY_SUFFIX


def table_by_name(path: Path) -> bool:
    """Its ending names a kind of file that is read row by row."""
    return _BY_SUFFIX.get(path.suffix.lower()) in TABLES


def kind_by_name(path: Path) -> str:
    """What the ending of an unreadable file says it is, for messages."""
    suffix = path.suffix.lower()
    return _UNREADABLE_SUFFIXES.get(suffix) or (f"a {suffix} file" if suffix else "without ending")


def detect_media_type(path: Path) -> Detected:
    """The media type by content. Raises SourceError for what pakar does not read."""
    content = _by_content(path)
    claimed = _BY_SUFFIX.get(path.suffix.lower())
    if content in _BY_CONTENT:
        return Detected(content, _mismatch(path, content) if claimed != content else "")
    if content not in (*_TEXTS, EML, MBOX):
        raise _refusal(path, content)
    return _text_type(path, content, claimed)


def mail_by_content(path: Path) -> str:
    """EML, MSG or MBOX where it is one of them, else "". Looks at a file's beginning only.

    Raises OSError.
    """
    with path.open("rb") as file:
        if file.read(2) == b"PK":  # what is in an archive is not listed for this
            return ""
    try:
        found = detect_media_type(path).media_type
    except SourceError:
        return ""
    return found if found in (EML, MSG, MBOX) else ""


def _text_type(path: Path, content: str, claimed: str | None) -> Detected:
    """What is text by its content, its name may tell more precisely."""
    if claimed == EML:  # a single mail may begin with a mailbox's separator too
        return Detected(EML)
    if content in (MBOX, EML) and claimed in (None, MBOX):
        return Detected(content)
    if content in (EML, MBOX):
        content = TEXT
    if claimed in _TEXTS:
        if content == HTML and claimed in (TEXT, CSV, TSV, JSON_LINES):
            return Detected(HTML, _mismatch(path, HTML))
        return Detected(claimed)
    if claimed is not None:
        raise SourceError(
            f"{path.name}: is named {path.suffix} but holds {_SHORT_NAMES[content]}",
            hint="give it the ending of what it is, or export it anew",
        )
    if path.suffix and content == TEXT:
        raise _refusal(path, kind_by_name(path))
    return Detected(content)


def _mismatch(path: Path, content: str) -> str:
    short = _SHORT_NAMES[content]
    return f"{path.name} is named {path.suffix or 'without ending'} but is {short}; read as {short}"


def _refusal(path: Path, what: str) -> SourceError:
    claimed = _BY_SUFFIX.get(path.suffix.lower())
    if what.startswith("protected"):
        return SourceError(
            f"{path.name}: is {what}", hint="save a copy without the password, and add that"
        )
    if what.startswith("damaged"):
        hint = "open it in its program and save it anew"
        return SourceError(f"{path.name}: is {what}", hint=hint)
    named = f"is named {path.suffix} but " if claimed else ""
    message = f"{path.name}: {named}is {what}, which pakar does not read"
    return SourceError(message, hint=_hint(what))


def _hint(what: str) -> str:
    return _HINTS.get(what, f"pakar reads {READABLE}")


def _by_content(path: Path) -> str:
    """A media type that pakar reads, or words for what the file is."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if head.startswith(_OLE):
            found = _in_old_container(head, file.read(1 << 20))
            # The directory of a long file stands further behind.
            return XLS if found == _OLD_OFFICE and path.suffix.lower() == ".xls" else found
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF
    if head.startswith(b"PAR1"):
        return PARQUET
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _by_members(path)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    for signature, kind in _SIGNATURES:
        if head.startswith(signature) and (len(signature) > 2 or _BINARY.search(head)):
            return kind
    return _text_kind(head)


def _in_old_container(head: bytes, rest: bytes) -> str:
    """Word and PowerPoint put a document with a password into the container of old Office;
    Outlook puts its mails there."""
    if _ENCRYPTED_STREAM in head or _ENCRYPTED_STREAM in rest:
        return "protected by a password"
    if _MSG_STREAM in head or _MSG_STREAM in rest:
        return MSG
    if any(stream in part for stream in _XLS_STREAMS for part in (head, rest)):
        return XLS
    return _OLD_OFFICE


def _by_members(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            mark = _mark_of(archive) if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return "damaged: its parts cannot be listed"
    if "xl/workbook.xml" in names:
        return XLSX
    if "xl/workbook.bin" in names:
        return XLSB
    if mark == ODS:
        return ODS
    for folder, kind in (("word/", DOCX), ("ppt/", PPTX), ("xl/", _SHEET)):
        if any(name.startswith(folder) for name in names) and "[Content_Types].xml" in names:
            return kind
    if "mimetype" in names:
        return _OPEN_DOCUMENT if "content.xml" in names else "an EPUB book"
    return _ARCHIVE


def _mark_of(archive: zipfile.ZipFile) -> str:
    """What an OpenDocument file says of itself."""
    with archive.open("mimetype") as file:
        return file.read(200).decode("ascii", "replace").strip()


def _text_kind(head: bytes) -> str:
    text = _decoded(head)
    if text is None:
        return "binary data"
    if _SEPARATOR_OF_MAILS.match(text):
        return MBOX
    if _is_mail(text):
        return EML
    return HTML if _HTML_START.match(text) else TEXT


def _is_mail(text: str) -> bool:
    """The first two headers are ones that mails have, and one says who or how it came."""
    lines = [line for line in text.splitlines()[:40] if line and not line[0].isspace()]
    heads = [line for line in lines[:2] if _MAIL_HEADER.match(line)]
    return len(heads) == 2 and any(_SENT.match(line) for line in lines)


def _decoded(head: bytes) -> str | None:
    """The beginning as text, or None where it is none; the exact encoding does not matter."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="replace")
    for half, encoding in ((head[1::2], "utf-16-le"), (head[0::2], "utf-16-be")):
        if half and half.count(0) > 0.6 * len(half):
            return head.decode(encoding, errors="replace")
    if len(_BINARY.findall(head)) > len(head) // 200:
        return None
    return head.decode("utf-8", errors="replace")
