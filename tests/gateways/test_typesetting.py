"""PDFs out of templates: what is typed stays text, everybody can read it, and a template that runs wild harms nobody."""

import contextlib
import io
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pypdf
import pytest
from hostile_words import HOSTILE

from gateways import children, typesetting

PLAIN = b"""
#set document(title: sys.inputs.title, date: none)
#set text(lang: sys.inputs.language)
#let data = json(bytes(sys.inputs.data))
= #data.title
#for each in data.lines { par(each) }
"""


@pytest.fixture
def template(monkeypatch, tmp_path):
    """Templates of the test's own, in a folder of their own."""
    root = tmp_path / "print"
    root.mkdir()
    monkeypatch.setattr(typesetting, "TEMPLATES", root)

    def write(source):
        (root / "own.typ").write_bytes(source if isinstance(source, bytes) else source.encode())

    write(PLAIN)
    return write


def made(*lines, language="en", title="A title", **limits):
    return typesetting.pdf("own", {"title": title, "lines": lines}, language=language, title=title, **limits)


def opened(pdf):
    return pypdf.PdfReader(io.BytesIO(pdf))


def words(pdf):
    return "\n".join(page.extract_text() for page in opened(pdf).pages)


def refusal(**limits):
    with pytest.raises(typesetting.Refused) as refused:
        made("x", **limits)
    return refused.value.args


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_looks_like_markup_is_text(template, typed):
    assert typed in words(made(typed, title=typed))


def test_it_is_tagged_and_tells_its_language_and_its_title(template):
    pdf = opened(made("Words", language="fr", title="Une (petite) lettre #1"))
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]
    assert root["/Lang"] == "fr"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata.title == "Une (petite) lettre #1"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()


def test_the_same_data_makes_the_same_pdf(template):
    assert made("Words", "مرحبا") == made("Words", "مرحبا")


def spoken(pdf):
    """What is said instead of what is drawn, where both differ."""
    return "".join(page.get_contents().get_data().decode("latin-1") for page in opened(pdf).pages)


@pytest.mark.parametrize("letter", ["日", "\U000f0000", "\U0010fffd", "\u0378", "\ue000"])
def test_a_letter_that_no_font_has_is_a_box_that_is_still_that_letter(template, letter):
    pdf = made(f"a{letter}b{letter}日ऱ\U0001f9ff")
    assert b"StandIn" in pdf
    assert "/ActualText" in spoken(pdf) or letter in words(pdf)


@pytest.mark.parametrize("never", ["\0", "\x07", "\x7f", "\x85", "\ud800", "\ufffe", "\uffff", "\U0001ffff", "\U0010fffe", "\ufdd0"])
def test_a_sign_that_is_none_is_a_mark_of_that(template, never):
    assert typesetting.clean(f"a{never}b") == "a\ufffdb"
    assert "before" in words(made(f"before {never} after"))


def test_ends_of_lines_of_other_systems_are_ends_of_lines(template):
    assert typesetting.clean({"a": ["x\r\ny\rz\tq", b"\x00\xff", 3, None, True]}) == {"a": ["x\ny\nz\tq", [0, 255], 3, None, True]}


def test_arabic_letters_come_out(template):
    found = words(made("مرحبا بالعالم", language="ar"))
    assert "مرحبا" in found
    assert "بالعالم" in found


# ---------------------------------------------------------------- limits


def left_over():
    """The numbers of our own processes that still make a PDF."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # over meanwhile
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == str(os.getpid()) and b"typesetting_child" in (folder / "cmdline").read_bytes():
                found.append(folder.name)
    return found


def test_what_never_ends_is_ended_and_leaves_nothing(template):
    template("#for a in range(1000000) { for b in range(1000000) { let x = a + b } }")
    started = time.monotonic()
    assert refusal(seconds=2) == ("too_long",)
    assert time.monotonic() - started < 10
    assert left_over() == []


def test_it_gets_no_more_memory_than_it_may_have(template):
    template("#set document(title: [x])\n#let x = range(5000000)\n#x.len()")
    assert refusal(memory=350 * 1024 * 1024, seconds=60) == ("broken",)
    assert "5000000" in words(made(memory=2000 * 1024 * 1024, seconds=60))


def test_what_is_wrong_with_a_template_is_told(template):
    template("#nothing-of-this-name")
    code, why = refusal()
    assert code == "template"
    assert "nothing-of-this-name" in why


def test_one_at_a_time(template, monkeypatch):
    monkeypatch.setattr(typesetting, "_WAIT", .05)
    with children.alone(1):
        assert refusal() == ("busy",)


@pytest.mark.parametrize("path", ["/../secret.txt", "../secret.txt", "/etc/passwd", "link.txt/../../secret.txt"])
def test_nothing_is_read_from_outside_its_folder(template, tmp_path, path):
    (tmp_path / "secret.txt").write_text("the secret")
    (tmp_path / "print" / "beside.txt").write_text("what lies beside it")
    reading = '#set document(title: sys.inputs.title)\n#read("{}")'.format
    template(reading(path))
    code, why = refusal()
    assert code == "template"
    assert "not found" in why or "would escape" in why or "outside" in why, why
    template(reading("beside.txt"))
    assert "what lies beside it" in words(made())


REACHING = """
import json, runpy, socket
runpy.run_path({program!r})["cut_off"]()
try:
    socket.create_connection(("127.0.0.1", {port}), 2)
    told = "came_out"
except OSError:
    told = "kept_in"
print(json.dumps({{"refused": told}}))
"""


def test_nothing_reaches_the_network(template, monkeypatch, tmp_path):
    """Neither for a package of typst's nor for anything else: the child tries to reach us."""
    template('#import "@preview/cetz:0.3.4"\nx')
    code, why = refusal()
    assert code == "template"
    assert ("unreachable" if may_leave() else "refused") in why, "neither a question for an address nor an answer"
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = tmp_path / "child.py"
        child.write_text(REACHING.format(program=str(typesetting.CHILD), port=server.getsockname()[1]))
        monkeypatch.setattr(typesetting, "CHILD", child)
        assert refusal() == (("kept_in",) if may_leave() else ("came_out",))


def may_leave():
    """Whether this system lets a process leave the network; some forbid that, and there is no more than a proxy that is none."""
    program = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x50000000) != 0)"
    return subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_no_template_of_ours_asks_for_a_package():
    ours = list(typesetting.TEMPLATES.rglob("*.typ"))
    assert ours
    for path in ours:
        assert "@" not in path.read_text(), path
