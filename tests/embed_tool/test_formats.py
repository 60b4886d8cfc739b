"""What each reader makes of a file."""

import pytest

from embed_tool.blocks import BlockKind, Kind, Unit
from embed_tool.formats import Encrypted, TooLarge, Unreadable, extract
from tests.support import documents


def texts(kind: Kind, content: bytes | str) -> list[str]:
    content = content.encode() if isinstance(content, str) else content
    return [block.text for block in extract(kind, content).blocks]


def test_markdown_gives_the_headings_above_each_block_and_its_lines():
    found = extract(Kind.MARKDOWN, b"# Shop\n\nIntro.\n\n## Opening *hours*\n\nNine to five.\n")
    last = found.blocks[-1]
    assert found.title == "Shop"
    assert found.unit is Unit.LINE
    assert (last.text, last.headings, last.first) == (
        "Nine to five.",
        ("Shop", "Opening hours"),
        7,
    )


def test_markdown_keeps_a_code_block_as_it_was_written():
    source = 'Do this:\n\n```bash\nfor f in *; do\n\n    echo "$f"   \ndone\n```\n\nThen rest.\n'
    found = extract(Kind.MARKDOWN, source.encode()).blocks
    assert [block.kind for block in found] == [
        BlockKind.PARAGRAPH,
        BlockKind.CODE,
        BlockKind.PARAGRAPH,
    ]
    assert found[1].text == '```bash\nfor f in *; do\n\n    echo "$f"   \ndone\n```'


def test_a_hash_inside_a_code_block_is_no_heading():
    found = extract(Kind.MARKDOWN, b"# A\n\n```sh\n# not a heading\n```\n\nEnd.\n").blocks
    assert {block.headings for block in found} == {("A",)}


def test_the_title_of_markdown_may_stand_in_its_front_matter():
    found = extract(Kind.MARKDOWN, b'---\ntitle: "The Guide"\ntags: [x]\n---\n\nText.\n')
    assert found.title == "The Guide"
    assert [(block.text, block.first) for block in found.blocks] == [("Text.", 6)]


def test_a_long_list_is_given_item_by_item():
    source = "".join(f"- item {n} {'word ' * 30}\n" for n in range(20))
    found = extract(Kind.MARKDOWN, source.encode()).blocks
    assert len(found) == 20
    assert all(block.kind is BlockKind.LIST for block in found)


def test_comments_of_markdown_are_not_text():
    assert texts(Kind.MARKDOWN, "Seen.\n\n<!-- unseen -->\n") == ["Seen."]


def test_html_gives_what_a_person_would_see():
    page = """<!doctype html><html><head><title>A page</title><style>p{}</style></head><body>
    <nav>Home | About</nav><h1>Top</h1><p>First <b>bold</b>&nbsp;word.</p><script>evil()</script>
    <h2>Sub</h2><ul><li>one</li><li>two</li></ul><p hidden>secret</p>
    <p style="display: none">also secret</p>
    <table><tr><th>Name</th><th>Price</th></tr><tr><td>Tea</td><td>3</td></tr></table>
    <pre>  kept
    as it is</pre></body></html>"""
    found = extract(Kind.HTML, page.encode())
    assert found.title == "A page"
    assert [block.text for block in found.blocks] == [
        "Top",
        "First bold word.",
        "Sub",
        "- one",
        "- two",
        "Name | Price\nTea | 3",
        "  kept\n    as it is",
    ]
    assert found.blocks[-1].headings == ("Top", "Sub")


def test_html_in_an_old_encoding_that_it_names_is_read():
    page = '<meta charset="iso-8859-1"><p>São João, ação</p>'.encode("latin-1")
    assert texts(Kind.HTML, page) == ["São João, ação"]


def test_html_nested_a_hundred_thousand_deep_is_read():
    page = "<div>" * 100_000 + "deep" + "</div>" * 100_000
    assert "deep" in " ".join(texts(Kind.HTML, page)) or texts(Kind.HTML, page) == []


def test_html_loads_no_file_by_an_entity():
    page = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><p>&e;</p>'
    assert "root:" not in " ".join(texts(Kind.HTML, page))


def test_pdf_gives_the_page_of_each_paragraph():
    content = documents.pdf([["First page here."], ["Second page (two)."]], title="Two pages")
    found = extract(Kind.PDF, content)
    assert found.title == "Two pages"
    assert found.unit is Unit.PAGE
    assert [(block.text, block.first) for block in found.blocks] == [
        ("First page here.", 1),
        ("Second page (two).", 2),
    ]


def test_lines_of_a_pdf_paragraph_are_joined_and_hyphens_at_their_ends_undone():
    lines = [
        "The committee meets on the first Mon-",
        "day of each month in the large hall at noon.",
    ]
    assert texts(Kind.PDF, documents.pdf([lines])) == [
        "The committee meets on the first Monday of each month in the large hall at noon."
    ]


def test_a_pdf_with_a_password_is_told_from_a_broken_one():
    with pytest.raises(Encrypted):
        extract(Kind.PDF, documents.encrypted_pdf())
    with pytest.raises(Unreadable):
        extract(Kind.PDF, b"%PDF-1.7 garbage" * 100)


def test_docx_gives_headings_paragraphs_and_tables_in_their_order():
    content = documents.word(
        (1, "Manual"), "Intro.", (2, "Prices"), [["Tea", "3"], ["Coffee", "4"]], "End."
    )
    found = extract(Kind.DOCX, content)
    assert found.title == "Manual"
    assert [(block.text, block.headings) for block in found.blocks] == [
        ("Manual", ("Manual",)),
        ("Intro.", ("Manual",)),
        ("Prices", ("Manual", "Prices")),
        ("Tea | 3\nCoffee | 4", ("Manual", "Prices")),
        ("End.", ("Manual", "Prices")),
    ]


def test_a_docx_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked():
    with pytest.raises(TooLarge):
        extract(Kind.DOCX, documents.zip_bomb(300 << 20))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no", b"text", bytes(1000)])
def test_what_is_no_docx_is_unreadable(content):
    with pytest.raises(Unreadable):
        extract(Kind.DOCX, content)


def test_a_protected_docx_is_said_to_be_protected():
    with pytest.raises(Encrypted):
        extract(Kind.DOCX, bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Ação e coração".encode(), "Ação e coração"),
        (b"\xef\xbb\xbfmarked", "marked"),
        ("wide ação".encode("utf-16"), "wide ação"),
        (
            "A reunião de produção começará às três; não há previsão de atraso.".encode("cp1252"),
            "A reunião de produção começará às três; não há previsão de atraso.",
        ),
        (b"one\r\ntwo\rthree", "one\ntwo\nthree"),
    ],
)
def test_text_of_any_encoding_is_read(content, expected):
    assert texts(Kind.TEXT, content) == [expected]


def test_a_stray_byte_does_not_turn_utf8_into_another_encoding():
    content = ("ação " * 100).encode() + b"\xff end"
    assert "ação" in texts(Kind.TEXT, content)[0]
    assert texts(Kind.TEXT, content)[0].endswith("\N{REPLACEMENT CHARACTER} end")


def test_binary_content_is_said_to_be_binary():
    with pytest.raises(Unreadable) as caught:
        extract(Kind.MARKDOWN, bytes(range(256)) * 10)
    assert caught.value.args[0] == "binary"


def test_source_code_knows_its_lines():
    blocks = extract(Kind.CODE, b"import os\n\n\ndef f():\n    return 1\n").blocks
    assert [(block.first, block.last) for block in blocks] == [(1, 1), (4, 5)]
