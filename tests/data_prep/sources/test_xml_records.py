"""XML of unknown health. Whole records are compared with what the standard library's own parser reads."""

import tracemalloc
from xml.etree import ElementTree

import pytest

from data_prep.sources.post_fields import Faulty
from data_prep.sources.xml_records import MAX_RECORD_BYTES, records


def read(path, content, name="photo"):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [ElementTree.tostring(record) for record in records(path, name)]


def test_records_are_what_another_parser_reads(tmp_path, rng):
    words = ["snow", "caf\u00e9", "a &amp; b", "&lt;b&gt;", "\u96ea", "line\nbreak"]
    photos = []
    for number in range(3000):  # more than one block
        tags = "".join(f'<tag id="{number}">{words[n]}</tag>' for n in rng.integers(len(words), size=rng.integers(6)))
        photos.append(f'<photo id="{number}"><title>photo</title><tags>{tags}</tags></photo>')
    content = f'<?xml version="1.0" encoding="utf-8"?>\n<photos>\n text {"".join(photos)}</photos>'
    expected = [ElementTree.tostring(photo) for photo in ElementTree.fromstring(content.encode()).iter("photo")]
    assert read(tmp_path / "a.xml", content) == expected
    assert len(expected) == 3000


def test_only_outermost_records_count(tmp_path):
    found = read(tmp_path / "a.xml", "<all><x><photo><photo/></photo></x><photo/></all>")
    assert found == [b"<photo><photo /></photo>", b"<photo />"]
    assert read(tmp_path / "b.xml", "<photo/>") == [b"<photo />"]
    assert read(tmp_path / "c.xml", "<photos/>") == []


BOMB = '<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><p><photo>&b;</photo></p>'
OUTSIDE = '<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><p><photo>&a;</photo></p>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BOMB, "XML with a DOCTYPE"),
        (OUTSIDE, "XML with a DOCTYPE"),
        ("<!DOCTYPE p SYSTEM 'http://localhost/p.dtd'><p><photo/></p>", "XML with a DOCTYPE"),
        ("<p><photo>&a;</photo></p>", "not well-formed XML"),
        ("<p><photo>", "not well-formed XML"),
        ("", "not well-formed XML"),
        ("no XML", "not well-formed XML"),
        (b"<p><photo>caf\xe9</photo></p>", "not well-formed XML"),
        (b"<?xml version='1.0' encoding='klingon'?><p><photo/></p>", "not well-formed XML"),
        (b"<?xml version='1.0' encoding='shift_jis'?><p><photo/></p>", "not well-formed XML"),
        ("<p>" + "<q>" * 1000 + "<photo/>", "XML elements nested too deep"),
    ],
)
def test_what_no_record_may_be(tmp_path, content, reason):
    with pytest.raises(Faulty) as fault:
        read(tmp_path / "a.xml", content)
    assert fault.value.reason == reason


@pytest.mark.parametrize("form", ["<p><photo>{}</photo></p>", "<p><photo a='{}'/></p>", "<p><!--{}--><photo/></p>"])
def test_records_without_end_are_not_held(tmp_path, form):
    (tmp_path / "a.xml").write_text(form.format("x" * (20 * MAX_RECORD_BYTES)))
    tracemalloc.start()
    with pytest.raises(Faulty, match="longer than 1048576 bytes"):
        list(records(tmp_path / "a.xml", "photo"))
    assert tracemalloc.get_traced_memory()[1] < 8 * MAX_RECORD_BYTES
    tracemalloc.stop()
