"""Help: what the agency wrote, the articles that ship, and the one of the page that somebody reads."""

import pytest
from sweep.conftest import HERE

from blueprints.public import help
from domain import agency, settings

TOPICS = [topic for topic, *_ in help.ARTICLES]
TEXTS = HERE.parent.parent / "templates" / "help"


def test_every_article_has_a_text_and_every_text_is_an_article():
    assert {path.stem for path in TEXTS.iterdir()} == set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_an_article_can_be_opened_from_the_list_and_leads_back(browse, cast, topic):
    page = browse().open("/pages/help")
    assert f"/pages/help/{topic}" in page.hrefs
    article = browse().open(f"/pages/help/{topic}")
    assert (article.status, article.links["Help"]) in {(200, "/pages/help"), (200, "/pages/help/home")}
    assert len(article.main.split()) > 40


@pytest.mark.parametrize(
    ("name", "path", "leads_to"),
    [
        ("", "/sign-in", "/pages/help/sign-in"), ("", "/activate/", "/pages/help/activation"), ("alice", "/", "/pages/help/home"),
        ("alice", "/about-me/", "/pages/help/about-me"), ("alice", "/my-portal/password", "/pages/help/my-portal"),
        ("ada", "/admin/", "/pages/help"), ("", "/pages/terms", "/pages/help"), ("", "/nothing", "/pages/help"),
    ],
)  # fmt: skip
def test_the_footer_leads_to_the_article_of_the_page(browse, cast, name, path, leads_to):
    assert browse(name).open(path).links["Help"] == leads_to


def test_what_the_agency_wrote_comes_first(browse, cast):
    agency.publish("help", "en", "Ask Dora, she knows.", cast.by("ada"))
    page = browse().open("/pages/help")
    assert page.main.index("Ask Dora") < page.main.index("How the portal works")


def test_an_agency_without_a_text_of_its_own_has_the_articles(browse, house):
    assert "How the portal works" in browse().open("/pages/help").main


def test_nothing_is_explained_that_the_agency_switched_off(browse, cast):
    settings.change("quick_exit", "0", cast.by("ada"))
    assert browse().open("/pages/help/quick-exit").status == 404
    assert "/pages/help/quick-exit" not in browse().open("/pages/help").hrefs


def test_an_article_that_does_not_exist_is_missed(browse, cast):
    assert browse().open("/pages/help/nonsense").status == 404
