"""Small real documents, made by the tests that read them."""

import datetime as dt
import io
import zipfile
from collections.abc import Sequence

import docx
import odfdo
import pptx
import xlsxwriter


def moment(year: int, month: int, day: int) -> dt.datetime:
    """Midnight, of no zone, as workbooks have it."""
    return dt.datetime(year, month, day)  # noqa: DTZ001


def pdf(pages: Sequence[Sequence[str]], title: str = "") -> bytes:
    """A PDF with one line of text for each string."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for lines in pages:
        shown = " T* ".join(f"({_escaped(line)}) Tj" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 50 750 Td {shown} ET".encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    objects.append(f"<< /Title ({_escaped(title)}) >>".encode("latin-1"))
    return _assembled(objects)


def encrypted_pdf() -> bytes:
    """A PDF whose password nobody knows."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [] /Count 0 >>",
        b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <%s> /U <%s> >>"
        % (b"ab" * 32, b"cd" * 32),
    ]
    return _assembled(objects, b"/Encrypt 3 0 R /ID [<00112233> <00112233>]")


def _assembled(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    starts = []
    for number, body in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for start in starts:
        out += b"%010d 00000 n \n" % start
    info = b"/Info %d 0 R " % len(objects) if b"/Title" in objects[-1] else b""
    out += b"trailer\n<< /Size %d /Root 1 0 R %s%s >>\n" % (len(objects) + 1, info, trailer)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def word(*items: tuple[int, str] | str | list[list[str]], title: str = "") -> bytes:
    """A DOCX of headings (level, text), paragraphs (text) and tables (rows of cells)."""
    document = docx.Document()
    document.core_properties.title = title
    for item in items:
        match item:
            case (int() as level, str() as text):
                document.add_heading(text, level)
            case str():
                document.add_paragraph(item)
            case list():
                table = document.add_table(len(item), len(item[0]))
                for row, cells in zip(table.rows, item, strict=True):
                    for cell, text in zip(row.cells, cells, strict=True):
                        cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zip_bomb(unpacked_bytes: int) -> bytes:
    """A DOCX of a few kilobytes whose text is that many bytes once unpacked."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(word("harmless"))) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.namelist():
            if part != "word/document.xml":
                target.writestr(part, source.read(part))
                continue
            with target.open(part, "w", force_zip64=True) as bomb:
                for _ in range(unpacked_bytes >> 20):
                    bomb.write(b" " * (1 << 20))
    return out.getvalue()


def slides() -> bytes:
    """Two slides: a list with notes; a table, and a text in a group."""
    presentation = pptx.Presentation()
    first = presentation.slides.add_slide(presentation.slide_layouts[1])
    first.shapes.title.text = "Plans"
    first.placeholders[1].text = "Plant trees\nFix the roof"
    first.notes_slide.notes_text_frame.text = "Say it slowly."
    second = presentation.slides.add_slide(presentation.slide_layouts[5])
    second.shapes.title.text = "Costs"
    table = second.shapes.add_table(2, 2, 0, 0, 100, 100).table
    for (row, column), text in {
        (0, 0): "Item",
        (0, 1): "Price",
        (1, 0): "Roof",
        (1, 1): "900",
    }.items():
        table.cell(row, column).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 10, 10).text_frame.text = "Within a group"
    out = io.BytesIO()
    presentation.save(out)
    return out.getvalue()


def workbook(rows: int = 2) -> bytes:
    """A sheet of teas with prices and dates, and an empty one."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("Preços")
        sheet.write_row(0, 0, ["Product", "Price", "Since"])
        for n in range(1, rows + 1):
            sheet.write_row(n, 0, [f"Tea {n}", n + 0.5])
            sheet.write_datetime(n, 2, moment(2026, 5, n % 28 + 1))
        book.add_worksheet("Empty")
    return out.getvalue()


def opendocument() -> bytes:
    """A text with two headings, a paragraph, a list and a table."""
    document = odfdo.Document("text")
    document.meta.title = "O manual"
    document.body.clear()
    table = odfdo.Table("T", width=2, height=2)
    table.set_values([["Tea", 3], ["Coffee", 4]])
    for element in (
        odfdo.Header(1, "Manual"),
        odfdo.Paragraph("Introdução."),
        odfdo.Header(2, "Prices"),
        odfdo.List(["one", "two"]),
        table,
    ):
        document.body.append(element)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
