"""What the readers of slides, sheets, OpenDocument, books, notebooks and letters make of a file."""

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed_tool.blocks import BlockKind, Extract, Kind, Unit
from embed_tool.cut import passages
from embed_tool.formats import Encrypted, TooLarge, Unreadable, extract
from tests.support import documents

PACKAGES = (Kind.SLIDES, Kind.ODF, Kind.EPUB)


def told(found: Extract) -> list[tuple[str, tuple[str, ...], int]]:
    return [(block.text, block.headings, block.first) for block in found.blocks]


def test_slides_give_titles_text_tables_and_notes_with_the_number_of_the_slide():
    found = extract(Kind.SLIDES, documents.slides())
    assert (found.title, found.unit) == ("Plans", Unit.SLIDE)
    assert told(found) == [
        ("Plans", ("Plans",), 1),
        ("- Plant trees\n- Fix the roof", ("Plans",), 1),
        ("Say it slowly.", ("Plans",), 1),
        ("Costs", ("Costs",), 2),
        ("Item | Price\nRoof | 900", ("Costs",), 2),
        ("Within a group", ("Costs",), 2),
    ]


def test_a_workbook_gives_each_sheet_with_its_rows_under_the_names_of_the_columns():
    found = extract(Kind.SHEETS, documents.workbook())
    assert told(found) == [
        ("Preços", ("Preços",), 1),
        (
            "Product | Price | Since\nTea 1 | 1.5 | 2026-05-02\nTea 2 | 2.5 | 2026-05-03",
            ("Preços",),
            2,
        ),
    ]


def test_every_passage_of_a_long_table_says_what_its_columns_are():
    found = passages(extract(Kind.SHEETS, documents.workbook(300)))
    assert len(found) > 5
    assert all(passage.text.startswith("Product | Price | Since\n") for passage in found)
    assert sum(passage.text.count("Tea ") for passage in found) == 300


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_of_text_gives_its_rows_under_the_names_of_the_columns(delimiter):
    lines = ['Nome,"Preço, em reais"', "Chá,3", "Café,4"]
    content = "\n".join(lines).replace('"Preço, em reais"', "Preço").replace(",", delimiter)
    found = extract(Kind.CSV, content.encode())
    assert found.unit is Unit.ROW
    assert told(found) == [("Nome | Preço\nChá | 3\nCafé | 4", (), 2)]


def test_what_is_named_a_table_and_is_none_is_read_as_text():
    found = extract(Kind.CSV, b"Just a sentence\n\nand another\n")
    assert [block.text for block in found.blocks] == ["Just a sentence", "and another"]


def test_opendocument_gives_headings_paragraphs_lists_and_tables_in_their_order():
    found = extract(Kind.ODF, documents.opendocument())
    assert found.title == "O manual"
    assert [(text, headings) for text, headings, _ in told(found)] == [
        ("Manual", ("Manual",)),
        ("Introdução.", ("Manual",)),
        ("Prices", ("Manual", "Prices")),
        ("- one\n- two", ("Manual", "Prices")),
        ("Tea | 3\nCoffee | 4", ("Manual", "Prices")),
    ]


def book(spine: str = '<itemref idref="b"/><itemref idref="a"/>', **more: str) -> bytes:
    package = f"""<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf">
    <metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Sea</dc:title></metadata>
    <manifest><item id="a" href="text/one%20more.xhtml" media-type="application/xhtml+xml"/>
    <item id="b" href="text/b.xhtml" media-type="application/xhtml+xml"/>
    <item id="c" href="gone.xhtml" media-type="application/xhtml+xml"/>
    <item id="p" href="p.png" media-type="image/png"/></manifest><spine>{spine}</spine></package>"""
    parts = {
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": package,
        "OEBPS/text/b.xhtml": "<h1>First</h1><p>Waves.</p>",
        "OEBPS/text/one more.xhtml": "<h1>Second</h1><p>Salt.</p>",
        **more,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_book_gives_its_chapters_in_the_order_of_reading():
    found = extract(Kind.EPUB, book())
    assert found.title == "The Sea"
    assert [block.text for block in found.blocks] == ["First", "Waves.", "Second", "Salt."]


def test_a_chapter_that_is_missing_does_not_lose_the_book():
    found = extract(Kind.EPUB, book('<itemref idref="c"/><itemref idref="b"/>'))
    assert [block.text for block in found.blocks] == ["First", "Waves."]


def test_a_book_loads_no_file_by_an_entity():
    evil = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><container>&e;</container>'
    with pytest.raises(Unreadable):
        extract(Kind.EPUB, book(**{"META-INF/container.xml": evil}))


def test_a_notebook_gives_text_code_and_what_it_printed_with_the_number_of_the_cell():
    cells = [
        {"cell_type": "markdown", "source": ["# Study\n", "\n", "We count."]},
        {"cell_type": "markdown", "source": "## Result"},
        {
            "cell_type": "code",
            "source": "print(1 + 1)",
            "outputs": [{"output_type": "stream", "text": ["2\n"]}],
        },
        {"cell_type": "code", "source": " ", "outputs": []},
    ]
    found = extract(Kind.NOTEBOOK, json.dumps({"cells": cells, "nbformat": 4}).encode())
    assert (found.title, found.unit) == ("Study", Unit.CELL)
    assert told(found) == [
        ("Study", ("Study",), 1),
        ("We count.", ("Study",), 1),
        ("Result", ("Study", "Result"), 2),
        ("```python\nprint(1 + 1)\n```\n\n2", ("Study", "Result"), 3),
    ]


LETTER = """From: Ana <ana@example.org>
To: =?utf-8?q?Jo=C3=A3o?= <joao@example.org>
Subject: =?utf-8?q?Reuni=C3=A3o?= de maio
Date: Mon, 4 May 2026 10:00:00 -0300
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=X

--X
Content-Type: text/plain; charset=utf-8

A reunião é na sexta.

> what you said before

Até lá.
--X
Content-Type: application/pdf
Content-Disposition: attachment; filename="pauta.pdf"

%PDF
--X--
"""


def test_a_letter_gives_who_wrote_what_to_whom_and_its_text_without_what_it_quotes():
    found = extract(Kind.MAIL, LETTER.encode())
    assert found.title == "Reunião de maio"
    about, *text = [block.text for block in found.blocks if block.kind is not BlockKind.HEADING]
    assert "From: Ana <ana@example.org>" in about
    assert "To: João <joao@example.org>" in about
    assert "Attachment: pauta.pdf" in about
    assert text == ["A reunião é na sexta.", "Até lá."]


def test_a_mailbox_gives_every_letter_with_its_number():
    letters = "".join(f"From x Mon May  4\nSubject: S{n}\n\nText {n}.\n\n" for n in (1, 2, 3))
    found = extract(Kind.MAILBOX, letters.encode())
    assert found.unit is Unit.MESSAGE
    texts = [(block.text, block.first) for block in found.blocks if block.text.startswith("Text")]
    assert texts == [("Text 1.", 1), ("Text 2.", 2), ("Text 3.", 3)]


@pytest.mark.parametrize("kind", [*PACKAGES, Kind.SHEETS])
def test_a_package_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(kind):
    with pytest.raises(TooLarge):
        extract(kind, documents.zip_bomb(300 << 20))


@pytest.mark.parametrize("kind", [*PACKAGES, Kind.SHEETS, Kind.NOTEBOOK, Kind.MAILBOX])
@pytest.mark.parametrize("content", [b"", b"PK\3\4 no", b"text", bytes(1000), b"{}", b"[1]"])
def test_what_is_none_of_it_is_unreadable(kind, content):
    with pytest.raises(Unreadable):
        extract(kind, content)


@pytest.mark.parametrize("kind", [*PACKAGES, Kind.DOCX])
def test_a_package_of_another_kind_is_unreadable(kind):
    with pytest.raises(Unreadable):
        extract(kind, documents.workbook())


def test_a_protected_presentation_is_said_to_be_protected():
    with pytest.raises(Encrypted):
        extract(Kind.SLIDES, bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500))


@given(st.data())
def test_a_letter_of_any_bytes_is_read_or_refused(data):
    head = data.draw(st.sampled_from([b"", LETTER.encode(), b"Subject: x\nContent-Type: "]))
    content = head[: data.draw(st.integers(0, len(head)))] + data.draw(st.binary(max_size=200))
    try:
        found = extract(Kind.MAIL, content)
    except Unreadable:
        return
    assert all(block.text for block in found.blocks)
