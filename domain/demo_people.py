"""The people of the made-up agency: their names, their telephones, their addresses.  Nobody is real.

Telephone numbers are of the range that is kept for stories (555 0100 to 0199), e-mail addresses of the domain that nobody has.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

from domain import profile, texts
from models import ACTIVE, CLOSED, DISABLED, LOCKED, PENDING, Group, PageVersion, Service, Site, Worker


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    "Abena Adaeze Aiyana Aleksander Amaru Anaïs Anouk Åse Basilio Béatrice Bjørn Brónach Cedric Chiamaka Chloë "
    "Corentin Dagny D'Andre Darya Delphine Elouan Elżbieta Emeka Eszter Étienne Fatoumata Fenna Ferran Fiadh "
    "Gaspard Giedrė Grete Hamza Hana Hélène Hyun-woo Ikaika Ilse Imani Iñaki Ingvild Jagoda Jean-Baptiste Jiří "
    "Joaquín Kahurangi Kajsa Keiko Kwabena Lachlan Laszlo Leocadia Linnéa Lucía Maëlys Magdalena Mairéad Matthias "
    "Meera Mei-Lin Mihail Nadia Nalani Ngozi Niamh Nuno Oluwaseun Ondřej Oriol Paityn Paloma Pádraig Quetzal "
    "Rafael Rosalind Ruairí Sade Sanne Seo-yeon Siobhán Søren Suda Tadeusz Taina Tamsin Tariq Thaddeus Tuuli "
    "Uchenna Ulrika Valentín Veronika Wanjiru Wilfred Xiomara Yannick Yetunde Yusuf Zdeněk Zoë"
)
LAST = _words(
    "Abernethy-Moss Achterberg Adebayo-Lund Alderwick Amsterloo Applethwaite Arrowsmith Ashgrove Aylesborough "
    "Baskerfield Beaumaris Birchall Blackwater Bramblewood Brightling Calderbrook Çelikdal Chestermere Cloverdene "
    "Copperthwaite Crannock D'Aubrey D'Onofriello Dąbrowiec Deepwell Delacour-Petit Dunmarrow Éperdieu "
    "Eisenbachtal Elmsworthy Fairweather-Quist Fernandisco Fjällgren Foxcombe Garrowby Ghislandi Glenholm "
    "Goldacre Grünwaldhofer Haverstock Hawksmere Hinterreiterschmidbauer Hohenfriedbergersdorfer Iglesiaval "
    "Inverdale Ivarsdóttir Jørkensen Kaltenbrunnergassner Karagözlü Kestrelman Kowalecki Łabędzki Lanternier "
    "Larkspur Lindqvåg Lockhaven Maesbrook M'Bala-Ndour Merrigold Mossavi-Tate Nakashiro Nethercott Nørrebæk "
    "Nguyệt Oakenshaw Obiaghel Ó'Cuillin O'Farradane O'Shanwick Oduyale Ørnsted Ostrander-Vail Pellowmere "
    "Petrovanu Pfeffersackhausen Pimblott Quailford Quintanível Rainscourt Řehořkov Rosenquartz Rüdesbergheimer "
    "Saltmarsh Sandoval-Ruiz-Peña Schwarzenbacherhuber Sedgewater Şahinbaş Shirokawa Silverbirch Sæmundsvik "
    "Stoneleighton Szczebrzyński Thistlewood Thórsdal Tidewater Umbridgeson Vantongeren Vasquelles Villanoé "
    "Wacholderwieserin Waterhouse-Obi Wetherington Whitlocke Wolkensteinermühlbach Wrenfield Yarrowdale "
    "Ylönkangas Zabalbeitia Zephyrine Žukauskiene"
)
ARABIC_FIRST = _words(
    "ليلى يوسف مريم سلمى طارق هدى زياد رانيا كريم نجوى"
)
ARABIC_LAST = _words(
    "الحدادين النجارسي القمراوي البحرينو الزيتوناني الورداشي النسيمي السنديانو"
)
PREFERRED = _words(
    "Ash Bee Coco Dov Effie Finch Gigi Hal Indy Jo Kit Lou Max Nell Oz Pim Quill Robin Sky Teddy Ziggy"
)
PRONOUNS = ("she/her", "he/him", "they/them", "she/they", "ze/hir")
GENDERS = ("woman", "man", "non-binary", "two-spirit", "prefers not to say")
RELATIONS = ("sister", "brother", "mother", "father", "partner", "neighbour", "friend", "aunt")
INSTRUCTIONS = ("", "", "Only in the evening.", "Ring twice.", "Do not leave a message.", "Speaks French.")
AREA_CODES = ("204", "236", "250", "306", "403", "416", "418", "506", "514", "519", "604", "613", "705", "709", "780",
              "807", "819", "867", "902", "905")  # fmt: skip
STREETS = ("Example Street", "Sample Lane", "Lantern Row", "Driftwood Crescent", "Gull Court", "Old Ropewalk",
           "Pepperbush Road", "Slipway Hill", "Tern Close", "Foghorn Avenue")  # fmt: skip
TOWNS = ("Halifax", "Dartmouth", "Bedford", "Truro", "Lunenburg", "Antigonish", "Yarmouth", "Sydney")


@dataclasses.dataclass(frozen=True)
class Person:
    """One made-up individual with their contacts; ``state`` is their account's, empty when there is none."""

    details: profile.Details
    reaches: tuple[profile.Reach, ...]
    consents: bool = True
    state: str = ACTIVE
    reason: str | None = None
    days: int = 30  # since the activation was sent

    @property
    def email(self) -> str:
        return next(reach.value for reach in self.reaches if reach.kind == "email")


@dataclasses.dataclass(frozen=True)
class House:
    """What everything refers to."""

    sites: list[Site]
    workers: list[Worker]
    services: list[Service]
    groups: list[Group]
    privacy: PageVersion
    terms: PageVersion
    password_hash: str
    now: dt.datetime


def client(number: int, seed: int) -> Person:
    """The client with a number; the same for the same seed, however many there are."""
    chance = chance_of(f"{seed} client {number}")
    details = profile.Details(
        *_name(chance),
        preferred_name=chance.choice(PREFERRED) if chance.random() < 0.15 else "",
        pronouns=chance.choice(PRONOUNS) if chance.random() < 0.3 else "",
        gender=chance.choice(GENDERS) if chance.random() < 0.5 else "",
        language=chance.choice(texts.LANGUAGES) if chance.random() < 0.3 and number > 10 else "",  # the first follow the reader
        birth_date=dt.date(1936, 1, 1) + dt.timedelta(days=chance.randrange(25_000)),  # to June 2004
    )  # fmt: skip
    return Person(details, tuple(_reaches(chance, f"client{number}@example.org")), days=20 + number % 300)


def chance_of(seed: str) -> random.Random:
    """What is by chance, and the same for the same seed."""
    return random.Random(seed)  # noqa: S311 - makes people up, keeps no secret


def _name(chance: random.Random) -> tuple[str, str]:
    kind, first, last = chance.random(), chance.choice(FIRST), chance.choice(LAST)
    if kind < 0.05:
        return chance.choice(ARABIC_FIRST), chance.choice(ARABIC_LAST)
    return first, f"{last}-{chance.choice(LAST)}" if kind < 0.1 else last


def _reaches(chance: random.Random, email: str) -> Iterator[profile.Reach]:
    yield profile.Reach("email", email, is_main=True)
    yield profile.Reach("mobile", _phone(chance), is_main=True)
    yield profile.Reach("address", _address(chance), is_main=True)
    if chance.random() < 0.35:
        person = f"{chance.choice(FIRST)} ({chance.choice(RELATIONS)})"
        instructions = chance.choice(INSTRUCTIONS)
        yield profile.Reach("emergency", _phone(chance), person=person, instructions=instructions, is_main=True)


def _phone(chance: random.Random) -> str:
    return f"+1{chance.choice(AREA_CODES)}55501{chance.randrange(100):02}"


def _address(chance: random.Random) -> str:
    return f"{chance.randrange(1, 400)} {chance.choice(STREETS)}\n{chance.choice(TOWNS)} NS"


def others() -> list[Person]:
    """Who makes the staff's pages worth looking at: people without an account, and accounts in every other state."""

    def of(first: str, last: str, born: dt.date, address: str, **more: Any) -> Person:
        died = more.pop("died", None)
        reaches = _reaches(chance_of(address), f"{address}@example.org")
        return Person(profile.Details(first, last, birth_date=born, death_date=died), tuple(reaches), **more)

    return [
        of("Pip", "Ravenscroft-Bell", dt.date(2019, 5, 4), "child", state=""),
        of("Wilhelmina", "Oakes", dt.date(1941, 2, 11), "deceased", state="", died=dt.date(2025, 3, 30)),
        of("Noor", "Castellane", dt.date(1988, 9, 23), "no.consent", state="", consents=False),
        of("Thandeka", "Brightwater", dt.date(1979, 12, 1), "pending", state=PENDING, days=2),
        of("Anselm", "Quillfeather", dt.date(1965, 7, 19), "expired", state=CLOSED, reason="expired", days=60),
        of("Marisol", "Devereux-Finch", dt.date(1992, 4, 8), "disabled", state=DISABLED, days=200),
        of("Jorun", "Halvardsen", dt.date(1957, 10, 30), "suspended", state=LOCKED, reason="suspended", days=120),
    ]
