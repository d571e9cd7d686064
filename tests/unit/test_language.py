"""The catalogs are whole and neutral, and a report speaks one language."""

from __future__ import annotations

import importlib.util
import io
import re
import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import pytest
from fixtures_results import example_results
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from truceline.base import words
from truceline.base.documents import Document
from truceline.base.errors import CODES, CaseError
from truceline.base.intervals import Interval
from truceline.base.language import (
    LANGUAGES,
    _,
    carried,
    day_words,
    digits,
    form_of,
    language,
    say_script,
    speaking,
    told,
    voice,
)
from truceline.faces.cli.main import run
from truceline.findings.reasons import REASONS
from truceline.findings.results import Results
from truceline.findings.words import counted, figure, period_of, times_of, units_of
from truceline.reports.html import render_html
from truceline.reports.pdf import render_pdf
from truceline.workflow.translate import read_words

ROOT = Path(__file__).resolve().parents[2]
OTHERS = tuple(code for code in LANGUAGES if code != "en")


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    pytest.importorskip("babel")
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_message_is_translated_and_compiled(messages: ModuleType) -> None:
    template = messages.extract()
    for code in OTHERS:
        assert list(messages.faults(code, template)) == []
        compiled = messages.po_path(code).with_suffix(".mo").read_bytes()
        assert messages.translations(compiled) == messages.translations(
            messages.mo_bytes(messages.read_catalog(code))
        )


def test_catalogs_are_written_the_same_way_twice(messages: ModuleType) -> None:
    for code in OTHERS:
        assert messages.po_bytes(messages.read_catalog(code)) == messages.po_path(code).read_bytes()


@pytest.mark.parametrize("code", OTHERS)
def test_codes_and_reasons_are_told_in_every_language(code: str) -> None:
    with speaking(code):
        for sentence in (*CODES.values(), *REASONS.values()):
            assert _(sentence) != sentence
        for _upper, word in (*words.PROBABILITY_BANDS, *words.RATIO_BANDS):
            assert _(word) != word


# ---------------------------------------------------------------- neutral words

#: beginnings of words that take a side; docs/glossary.md says what stands in their place
LOADED = {
    "en": "aggress occup liberat terroris invader enem hostile regime puppet annexed annexat annexing rebel militant "
    "separatist denazif genocid brutal heroic innocen",
    "uk": "агрес окуп визвол звільнен терор загарбн ворог ворож рашист  сепарат бойовик "
    "бандформ каратель денацифік геноцид герої найман анекс",
    "ru": "агресс оккуп освобожд террор захватчик враг враж укроп нацист нацик каратель сепарат боевик "
    "бандформ денацифик геноцид герои наемник аннекс спецоперац",
}
PHRASES = ("special military operation", "спеціальна військова операція", "специальная военная операция")
QUOTED = re.compile(r"[«“\"][^»”\"]*[»”\"]")


def sentences() -> Iterator[tuple[str, str]]:
    import gettext

    for code in OTHERS:
        path = ROOT / "src/truceline/locale" / code / "LC_MESSAGES/truceline.mo"
        catalog = gettext.GNUTranslations(io.BytesIO(path.read_bytes()))
        for key, text in catalog._catalog.items():  # type: ignore[attr-defined]  # the one way to list it
            if key:
                yield code, text
                english = key if isinstance(key, str) else key[0]
                yield "en", english.split("\x04")[-1]
    for path in sorted(ROOT.glob("cases/*/locale/*.yaml")):
        for value in Document(path, label=path.name).plain.values():
            for text in [value] if isinstance(value, str) else value:
                yield path.stem, text


def test_no_word_takes_a_side() -> None:
    for code, text in sentences():
        plain = QUOTED.sub("", text).casefold()
        said = re.findall(r"[^\W\d_]+", plain)
        loaded = [word for word in said if word.startswith(tuple(LOADED[code].split()))]
        assert not loaded, text
        assert not any(phrase in plain for phrase in PHRASES), text


def named(results: Results, *names: str) -> Results:
    parties = [
        party.model_copy(update={"name": name})
        for party, name in zip(results.truce.parties, names, strict=True)
    ]
    return replace(results, truce=results.truce.model_copy(update={"parties": parties}))


@pytest.mark.parametrize("code", OTHERS)
def test_parties_exchanged_exchange_their_names_and_nothing_else(code: str) -> None:
    # names of one length, so that no line breaks elsewhere
    first, second = "Перша-Сторона", "Друга-Сторона"
    results = example_results()
    with speaking(code):
        one = render_html(named(results, first, second))
        two = render_html(named(results, second, first))
    assert first in one
    assert one.replace(first, "\0").replace(second, first).replace("\0", second) == two


# ---------------------------------------------------------------- numbers, dates, nouns


def test_numbers_and_dates_are_written_as_the_language_writes_them() -> None:
    period = Interval(datetime(2025, 4, 17, 21, tzinfo=UTC), datetime(2025, 4, 21, 21, tzinfo=UTC))
    assert (figure(1234567), figure(0.25), period_of(period, "Europe/Kyiv")) == (
        "1,234,567",
        "0.25",
        "18 April to 21 April",
    )
    with speaking("uk"):
        assert figure(1234567) == "1\u00a0234\u00a0567"
        assert figure(0.25) == "0,25"
        assert digits("59%") == "59\u00a0%"
        assert times_of(28_300.0) == "2,8 × 10⁴"
        assert period_of(period, "Europe/Kyiv") == "18 квітня – 21 квітня"
        assert day_words(date(2025, 5, 9)) == "9 травня 2025"
    with speaking("ru"):
        assert day_words(date(2025, 5, 9), year=False, short=True) == "9 мая"
        assert day_words(date(2025, 8, 9)) == "9 августа 2025"


@given(st.integers(0, 10_000))
def test_a_noun_has_the_form_that_goes_with_the_number(n: int) -> None:
    with speaking("uk") as now:
        assert form_of(n) == form_of(n + 100)
        said = counted(n, "incident").split(" ")[-1]
        assert said == ("інцидент", "інциденти", "інцидентів")[form_of(n)]
        assert now.missing == {}
    with speaking("ru", words={"clash": ("столкновение", "столкновения", "столкновений")}):
        assert (
            counted(n, "clash").split(" ")[-1] == ("столкновение", "столкновения", "столкновений")[form_of(n)]
        )
        assert units_of("clash") == "столкновений"


# ---------------------------------------------------------------- words of a case


def test_words_of_a_case_are_found_counted_and_missed() -> None:
    with speaking("uk", words={"As agreed": "Як погоджено", "# of # heard": "почуто # з #"}) as now:
        assert told("As agreed") == "Як погоджено"
        assert told("56 of 80 heard") == "почуто 56 з 80"
        assert told("A title") == "A title"
        assert told("A name", name=True) == "A name"
        assert list(now.missing) == ["A title"]
        assert now.used == {"As agreed", "# of # heard"}
    assert told("As agreed") == "As agreed"
    with speaking("uk", words={"a": "б"}, written="uk"):
        assert told("a") == "a"


def test_a_wrong_file_of_words_is_told_whole(tmp_path: Path) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "uk.yaml").write_text("good: добре\nshort: [а, б]\nempty: ''\n", encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        read_words(tmp_path, "uk")
    assert [(problem.code, problem.row) for problem in caught.value.problems] == [
        ("case_field", 2),
        ("case_field", 3),
    ]
    assert read_words(tmp_path, "ru") is None


def test_threads_speak_as_the_caller_did() -> None:
    with speaking("uk"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(carried(language)).result() == "uk"
        assert pool.submit(language).result() == "en"
    with pytest.raises(ValueError, match="no language 'xx'"), speaking("xx"):
        pass
    assert voice().language == "en"


def test_scripts_speak_too() -> None:
    script = 'a(_("Stop")); b = x + _("{n} more", {n: (k - 1)}) + "";'
    assert say_script(script) == 'a("Stop"); b = x + (k - 1) + " more" + "";'
    with speaking("ru"):
        assert say_script(script) == 'a("Стоп"); b = x + "еще " + (k - 1) + "";'


# ---------------------------------------------------------------- the report


@pytest.mark.parametrize(("code", "lang"), [("en", "en-GB"), ("uk", "uk"), ("ru", "ru")])
def test_a_page_says_its_language(code: str, lang: str) -> None:
    results = example_results()
    with speaking(code):
        page = render_html(results)
        assert page == render_html(results)
    assert f'<html lang="{lang}">' in page
    assert "_(" not in page[page.rindex("<script>") :]


def test_what_a_case_does_not_translate_is_marked() -> None:
    results = replace(example_results(), title="A truce")
    with speaking("uk"):
        told("A truce")
        page = render_html(results)
    assert '<h1><span lang="en">A truce</span></h1>' in page


@pytest.mark.slow
@pytest.mark.parametrize(("code", "lang"), [("uk", "uk-UA"), ("ru", "ru")])
def test_the_paper_says_its_language(code: str, lang: str) -> None:
    with speaking(code):
        content = render_pdf(example_results())
    assert PdfReader(io.BytesIO(content)).trailer["/Root"]["/Lang"] == lang


@pytest.mark.parametrize("code", OTHERS)
def test_placeholders_are_filled(code: str) -> None:
    with speaking(code):
        page = render_html(example_results())
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    assert not [
        name
        for _text, name, _spec, _conversion in string.Formatter().parse(re.sub(r"[{}](?![a-z])", "", body))
        if name
    ]


# ---------------------------------------------------------------- the command line


def test_faults_are_told_in_the_language_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["verify", str(tmp_path), "--language", "uk"]) == 3
    told_by = capsys.readouterr().err
    assert "Справу складено неправильно" in told_by
    assert "Файлу, названого у справі, немає в теці даних." in told_by
    assert "англ." in told_by
    monkeypatch.setenv("TRUCELINE_LANGUAGE", "ru")
    assert run(["verify", str(tmp_path)]) == 3
    assert "Дело составлено неверно" in capsys.readouterr().err
    monkeypatch.delenv("TRUCELINE_LANGUAGE")
    assert run(["verify", str(tmp_path)]) == 3
    assert "The case is wrong" in capsys.readouterr().err


def test_a_command_without_the_option_speaks_as_the_environment_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ["inspect-plan", "--declared", "200", "--missing", "10"]
    said = {}
    for code in ("en", "uk", "ru"):
        monkeypatch.setenv("TRUCELINE_LANGUAGE", code)
        assert run(call) == 0
        said[code] = capsys.readouterr().out
    monkeypatch.delenv("TRUCELINE_LANGUAGE")
    assert run(call) == 0
    assert capsys.readouterr().out == said["en"]
    assert "Заявлено 200, бракує 10" in said["uk"]
    assert "Заявлено 200, не хватает 10" in said["ru"]
    monkeypatch.setenv("TRUCELINE_LANGUAGE", "tlh")
    assert run(call) == 2


def test_an_unknown_language_is_a_wrong_call(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["verify", str(tmp_path), "--language", "tlh"]) == 2
    assert "not one of en, uk, ru" in capsys.readouterr().err


@given(st.integers(0, 10**7), st.sampled_from([("row", ""), ("geometry", "geometries")]))
def test_one_of_a_thing_is_never_several(n: int, noun: tuple[str, str]) -> None:
    said = words.some(n, *noun)
    assert said == f"{n:,} " + (noun[0] if n == 1 else noun[1] or "rows")
