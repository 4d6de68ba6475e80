"""What ``flask check`` says of the fonts that PDFs need: a hint, nothing that stands against running."""

import pytest

from domain import document_print


@pytest.mark.parametrize("lacking", [[], ["ar"]])
def test_a_missing_font_is_told_and_harms_nothing(make_app, cast, monkeypatch, lacking):
    monkeypatch.setattr(document_print, "typewritten", lambda: lacking)
    app = make_app()
    with app.app_context():
        told = app.test_cli_runner().invoke(args=["check"])
    assert told.exit_code == 0, told.output
    assert ("PDFs in the language ar" in told.output) == bool(lacking)
    assert told.output.splitlines()[-1] == "Nothing stands against running."
