"""The virus scanner is spoken to as its manual says, within its time, and believed only where it says clearly what it found."""

import os
import socket
import time

import clamd
import nasty
import pytest

from gateways import scanner
from gateways.scanner import Answer, NoAnswer


@pytest.fixture(params=["tcp", "unix"])
def daemon(request, tmp_path):
    with clamd.running(tmp_path / "clamd.ctl" if request.param == "unix" else None) as running:
        yield running


@pytest.fixture
def rude():
    with clamd.running() as running:
        yield running


def scan(daemon, body, seconds=5.0):
    return scanner.scan(daemon.address, body, seconds=seconds)


@pytest.mark.parametrize("size", [0, 1, scanner.PIECE - 1, scanner.PIECE, scanner.PIECE + 1, 10_000_000])
def test_every_byte_arrives_in_its_order(daemon, size):
    body = os.urandom(size)
    assert scan(daemon, body) == Answer("clean")
    assert daemon.streams == [body]
    assert daemon.commands == [b"zINSTREAM"]


def test_what_it_finds_is_told_by_its_name(daemon):
    assert scan(daemon, nasty.EICAR) == Answer("infected", "Eicar-Test-Signature")
    across = b"%PDF-1.7" + b" " * (scanner.PIECE - 20) + nasty.EICAR  # in two pieces
    assert scan(daemon, across).verdict == "infected"


def test_a_name_cannot_write_lines_of_its_own_into_the_log(rude, monkeypatch):
    monkeypatch.setitem(clamd.MANNERS, "odd", clamd._says(b"stream: a\nb\xff" + b"c" * 300 + b" FOUND\0"))
    rude.manner = "odd"
    assert scan(rude, b"x") == Answer("infected", "a?b?" + "c" * 96)


@pytest.mark.parametrize("size", [1001, 9_000_000])
def test_more_than_it_takes_is_told_also_while_it_is_still_sent(daemon, size):
    daemon.most = 1000
    assert scan(daemon, b"x" * size) == Answer("too_large")
    assert scan(daemon, b"x" * 1000) == Answer("clean")


@pytest.mark.parametrize("manner", clamd.SILENT)
def test_whoever_says_anything_else_has_not_answered(rude, manner):
    rude.manner = manner
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        scan(rude, b"SecretWords" * 1_000_000, seconds=0.5)
    assert time.monotonic() - begun < 2
    assert not scanner.is_there(rude.address, seconds=0.5)


@pytest.mark.parametrize("manner", ["echoes", "speaks http", "is ill", "talks for ever"])
def test_why_there_is_no_answer_says_nothing_of_the_file(rude, manner):
    rude.manner = manner
    with pytest.raises(NoAnswer) as silent:
        scan(rude, b"SecretWords")
    assert str(silent.value) == ("stream: Can't allocate memory ERROR" if manner == "is ill" else "what it said is no answer")


def test_nobody_there_is_no_answer(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        for address in (nobody.getsockname(), str(tmp_path / "nothing.ctl")):
            with pytest.raises(NoAnswer):
                scanner.scan(address, b"x", seconds=2)
            assert not scanner.is_there(address, seconds=2)


def test_a_name_that_nobody_has_is_no_answer(monkeypatch):
    def unknown(*asked, **how):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NoAnswer, match="gaierror"):
        scanner.scan(("clamd.invalid", 3310), b"x", seconds=2)


def test_of_several_addresses_the_one_that_answers_is_asked(monkeypatch):
    with clamd.running() as running, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        found = [(socket.AF_INET, 0, 0, "", place) for place in (nobody.getsockname(), running.address)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **how: found)
        assert scanner.scan(("clamd.test", 3310), b"x", seconds=2) == Answer("clean")


def test_it_says_that_it_is_there(daemon):
    assert scanner.is_there(daemon.address, seconds=5)
    assert daemon.commands == [b"zPING"]
