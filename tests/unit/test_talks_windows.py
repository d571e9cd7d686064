"""Windows of a truce as three languages name them; the clock of an invented town is UTC+3 in April and May."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from fixtures_talks import speakers

from truceline.talks.lexicon import lexicon
from truceline.talks.windows import find_windows

CLOCKS = speakers().file.clocks
BEGIN, END = datetime(2031, 4, 19, 15, tzinfo=UTC), datetime(2031, 4, 20, 21, tzinfo=UTC)


def windows(language: str, text: str):
    return find_windows(text, published=date(2031, 4, 18), words=lexicon(language), clocks=CLOCKS)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The truce runs from 18:00 Norby time on 19 April to midnight on 21 April."),
        ("en", "from 6pm Norby time on April 19 until 12 a.m. on April 21"),
        ("en", "from 19 April 18:00 UTC+3 to 21 April 00:00 UTC+3"),
        ("en", "on 19 April at 18:00 Norby time until 24:00 on 20 April"),
        ("en", "from 1500 GMT on April 19 to 2100 GMT on April 20"),
        ("en", "from 18:00 (Norby time) on 19 April until 00:00 on 21 April"),
        ("en", "2031-04-19T18:00+03:00 to 2031-04-21T00:00+03:00"),
        ("en", "starting at 18:00 Norby time on 19 April for 30 hours"),
        ("ru", "с 18.00 19 апреля до 00.00 21 апреля по норбийскому времени"),
        ("ru", "с 18:00 по норбийскому времени 19 апреля до полуночи 21 апреля"),
        ("ru", "с 18:00 19.04.2031 до 00:00 21.04.2031 по норбийскому времени"),
        ("ru", "с 18 часов 19 апреля до 24:00 20 апреля по норбийскому времени"),
        ("ru", "с 6 часов вечера 19 апреля по норбийскому времени на 30 часов"),
        ("uk", "з 18:00 за норбійським часом 19 квітня до півночі 21 квітня"),
        ("uk", "з 18.00 19.04.2031 до 00.00 21.04.2031 за норбійським часом"),
        ("uk", "з 6 години вечора 19 квітня за норбійським часом на 30 годин"),
        ("uk", "о 18 годині 19 квітня за норбійським часом до 24:00 20 квітня"),
    ],
)
def test_a_window_in_many_forms_is_one(language, text):
    assert [(one.start, one.stop, one.minutes) for one in windows(language, text)] == [(BEGIN, END, 1800)]


@pytest.mark.parametrize(
    ("language", "text", "start", "stop"),
    [
        ("en", "It begins at 18:00 Norby time on 19 April.", BEGIN, None),
        ("en", "It ends at midnight Norby time on Monday, 21 April.", None, END),
        ("en", "The truce expires at 00:00 Norby time on 21 April.", None, END),
        ("en", "until 00:00 Norby time on 21 April", None, END),
        ("ru", "Перемирие закончится в 00:00 21 апреля по норбийскому времени.", None, END),
        ("ru", "в 18 часов по норбийскому времени 19 апреля", BEGIN, None),
        ("ru", "до 24:00 20 апреля по норбийскому времени", None, END),
        ("uk", "Перемир’я завершиться о 00:00 21 квітня за норбійським часом.", None, END),
        ("uk", "о 18:00 19 квітня за норбійським часом", BEGIN, None),
    ],
)  # fmt: skip
def test_an_end_alone_is_no_start(language, text, start, stop):
    (window,) = windows(language, text)
    assert (window.start, window.stop) == (start, stop)


@pytest.mark.parametrize(
    ("language", "text", "minutes"),
    [
        ("en", "a truce from 8 May to 10 May", 4320),
        ("en", "a truce on May 8-10", 4320),
        ("en", "for 30 days", 43200),
        ("ru", "с 8 по 10 мая", 4320),
        ("ru", "на тридцать дней", 43200),
        ("uk", "від 8 травня до 10 травня", 4320),
        ("uk", "на 30 днів", 43200),
    ],
)
def test_days_without_hours_have_a_length_and_no_moments(language, text, minutes):
    (window,) = windows(language, text)
    assert (window.start, window.stop, window.minutes) == (None, None, minutes)


def test_midnight_between_two_days_is_when_the_second_begins():
    (window,) = windows("en", "from midnight on May 7-8 to midnight on May 10-11 Norby time")
    assert (window.start, window.stop) == (
        datetime(2031, 5, 7, 21, tzinfo=UTC),
        datetime(2031, 5, 10, 21, tzinfo=UTC),
    )


def test_the_words_of_a_window_do_not_hold_the_mark_that_ends_the_sentence():
    assert (
        windows("en", "It begins at 18:00 Norby time on 19 April.")[0].text == "18:00 Norby time on 19 April"
    )
    assert windows("en", "It begins on 19 April at 6 p.m.")[0].text.endswith("p.m.")


@pytest.mark.parametrize(
    "text", ["at 25:00 Norby time on 19 April", "2031-13-45T18:00Z", "at 13 p.m. on 19 April"]
)
def test_what_is_no_time_is_no_moment(text):
    assert all(one.start is None and one.stop is None for one in windows("en", text))


LENGTHS = {
    1440: {"ru": ["на сутки"], "uk": ["на добу"]},
    4320: {
        "ru": ["в течение трёх дней", "на трое суток", "трёхдневное перемирие", "72-часовая пауза", "в течение 72 часов"],
        "uk": ["упродовж трьох днів", "на три доби", "триденне перемир’я", "72-годинна пауза", "протягом 72 годин"],
    },
    10080: {"ru": ["на неделю", "на семь дней"], "uk": ["на тиждень", "на сім днів"]},
    43200: {
        "ru": ["на 30 суток", "тридцатидневный режим тишины", "о 30-дневном перемирии", "сроком на тридцать дней"],
        "uk": ["на 30 діб", "тридцятиденний режим тиші", "про 30-денне перемир’я", "строком на тридцять днів"],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text", "minutes"),
    [(language, text, minutes) for minutes, rows in LENGTHS.items() for language in rows for text in rows[language]],
)  # fmt: skip
def test_a_length_in_many_forms_is_one(language, text, minutes):
    assert [one.minutes for one in windows(language, text)] == [minutes]


RANGES = {
    "ru": [
        "с 18:00 19 апреля до 00:00 21 апреля",
        "с 18 часов 19 апреля до 24 часов 20 апреля",
        "с 18-ти часов субботы до полуночи воскресенья",
        "с 18.00 субботы до 00.00 с воскресенья на понедельник",
    ],
    "uk": [
        "з 18:00 19 квітня до 00:00 21 квітня",
        "з 18-ї години 19 квітня до опівночі 21 квітня",
        "з 18 години суботи до півночі неділі",
        "від 18.00 суботи до 00.00 з неділі на понеділок",
    ],
}


@pytest.mark.parametrize(("language", "text"), [(one, text) for one in RANGES for text in RANGES[one]])
def test_a_period_whose_clock_is_not_named_has_a_length_and_no_moments(language, text):
    (window,) = windows(language, text)
    assert (window.start, window.stop, window.minutes, window.open) == (None, None, 1800, "no clock named")


@pytest.mark.parametrize(("language", "text"), [(one, text) for one in RANGES for text in RANGES[one]])
def test_a_clock_at_its_end_makes_a_period_of_the_same_length(language, text):
    clock = {"ru": " по норбийскому времени", "uk": " за норбійським часом"}[language]
    (window,) = windows(language, text + clock)
    assert window.minutes == 1800
    assert window.start is None or (window.start, window.stop) == (BEGIN, END)
