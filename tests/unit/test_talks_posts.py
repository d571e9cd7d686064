"""Laws of reading Russian and Ukrainian: the form of an attribution changes nothing of what is read."""

from __future__ import annotations

import pytest
from fixtures_talks import said

MARKS = [("«", "»"), ("„", "“"), ('"', '"'), ("“", "”")]
QUOTED = {
    "ru": "{}Мы поддерживаем перемирие на тридцать дней{}, — сказала Орлова.",
    "uk": "{}Ми підтримуємо перемир’я на тридцять днів{}, — сказала Орлова.",
}


def reading(text: str, language: str) -> list[tuple[str, str, str, bool]]:
    return [
        (one.speaker.id, one.issue, one.stance, one.condition is not None)
        for one in said(text, language=language)
    ]


@pytest.mark.parametrize("language", QUOTED)
def test_styles_of_quotation_marks_read_the_same(language):
    read = [reading(QUOTED[language].format(*marks), language) for marks in MARKS]
    assert read == [[("orlov", "ceasefire", "accepts", False)]] * len(MARKS)


FORMS = {
    "ru": [
        "Берг заявил, что перемирие продлится тридцать дней.",
        "Берг сообщил: «Перемирие продлится тридцать дней».",
        "Берг: «Перемирие продлится тридцать дней».",
        "По словам Берга, перемирие продлится тридцать дней.",
        "Как отметил Берг, перемирие продлится тридцать дней.",
        "Перемирие продлится тридцать дней, — Берг.",
        "Перемирие продлится тридцать дней, – отметил Берг.",
        "Перемирие продлится тридцать дней, сообщил в интервью президент Судландии Иво Берг.",
        "Перемирие продлится тридцать дней. Об этом сообщил Берг.",
        "Берг о переговорах:\nПеремирие продлится тридцать дней.",
    ],
    "uk": [
        "Берг заявив, що перемир’я триватиме тридцять днів.",
        "Берг повідомив: «Перемир’я триватиме тридцять днів».",
        "Берг: «Перемир’я триватиме тридцять днів».",
        "За словами Берга, перемир’я триватиме тридцять днів.",
        "Як зазначив Берг, перемир’я триватиме тридцять днів.",
        "Перемир’я триватиме тридцять днів, — Берг.",
        "Перемир’я триватиме тридцять днів, – зазначив Берг.",
        "Перемир’я триватиме тридцять днів, повідомив в ефірі президент Судландії Іво Берг.",
        "Перемир’я триватиме тридцять днів. Про це повідомив Берг.",
        "Берг про переговори:\nПеремир’я триватиме тридцять днів.",
        "**Берг повідомляє:**\nПеремир’я триватиме тридцять днів.",
    ],
}


@pytest.mark.parametrize(("language", "text"), [(one, text) for one in FORMS for text in FORMS[one]])
def test_a_speaker_is_the_same_wherever_the_attribution_stands(language, text):
    found = said(text, language=language)
    assert [one.speaker.id for one in found] == ["berg"]
    assert "тридцат" in found[0].text or "тридцят" in found[0].text


@pytest.mark.parametrize(("language", "text"), [(one, text) for one in FORMS for text in FORMS[one]])
def test_another_name_in_the_same_form_is_another_speaker(language, text):
    other = text.replace("Берга", "Орлову").replace("Берг", "Орлова").replace("Иво ", "Ада ")
    assert [one.speaker.id for one in said(other.replace("Іво ", "Ада "), language=language)] == ["orlov"]


NEGATED = [
    ("ru", "Берг заявил, что Судландия поддерживает перемирие.", "поддерживает"),
    ("ru", "Берг заявил, что Судландия согласится на перемирие.", "согласится"),
    ("ru", "Берг заявил, что Судландия примет предложение о перемирии.", "примет"),
    ("uk", "Берг заявив, що Судландія підтримує перемир’я.", "підтримує"),
    ("uk", "Берг заявив, що Судландія погодиться на перемир’я.", "погодиться"),
    ("uk", "Берг заявив, що Судландія прийме пропозицію перемир’я.", "прийме"),
]


@pytest.mark.parametrize(("language", "text", "verb"), NEGATED)
def test_negation_turns_acceptance_into_refusal(language, text, verb):
    assert [one.stance for one in said(text, language=language)] == ["accepts"]
    assert [one.stance for one in said(text.replace(verb, "не " + verb), language=language)] == ["rejects"]


TRANSLATED = [
    ("Прекращение огня неприемлемо", "Припинення вогню неприйнятне", "ceasefire", "rejects"),
    ("Мы готовы к обмену пленными", "Ми готові до обміну полоненими", "prisoners", "open"),
    ("Санкции должны быть сняты", "Санкції мають бути зняті", "sanctions", "demands"),
    ("Нужно обсудить, кто будет контролировать режим тишины", "Потрібно обговорити, хто буде контролювати режим тиші", "verification", "asks"),
    ("Миротворцы не войдут, это недопустимо", "Миротворці не увійдуть, це неприпустимо", "contingents", "rejects"),
    ("Перемирие продлят на тридцать дней", "Перемир’я подовжать на тридцять днів", "duration", "claims"),
    ("Другая сторона нарушила договорённость", "Інша сторона порушила домовленість", "violations", "claims"),
    ("Они тысячу раз нарушили режим прекращения огня", "Вони тисячу разів порушили режим припинення вогню", "violations", "claims"),
    ("Удары по электростанциям приведут к ответу", "Удари по електростанціях можуть призвести до відповіді", "energy", "warns"),
    ("Встреча делегаций состоится в пятницу", "Зустріч делегацій відбудеться у п’ятницю", "meetings", "announces"),
    ("Нам нужны гарантии безопасности", "Нам потрібні гарантії безпеки", "alliances", "demands"),
    ("Поставки оружия надо остановить", "Постачання зброї треба зупинити", "arms", "demands"),
    ("Мы не атаковали порт, это ложь", "Ми не атакували порт, це брехня", "maritime", "denies"),
    ("Выборы возможны осенью", "Вибори можливі восени", "government", "open"),
    ("Мы прекратим огонь, только если выведут войска", "Ми припинимо вогонь, лише якщо виведуть війська", "ceasefire", "conditions"),
]  # fmt: skip


@pytest.mark.parametrize(("russian", "ukrainian", "issue", "stance"), TRANSLATED)
def test_a_sentence_and_its_translation_are_about_the_same_and_stand_to_it_alike(
    russian, ukrainian, issue, stance
):
    assert [row[:3] for row in reading(f"«{russian}», — сказал Берг.", "ru")] == [("berg", issue, stance)]
    assert [row[:3] for row in reading(f"«{ukrainian}», — сказав Берг.", "uk")] == [("berg", issue, stance)]


@pytest.mark.parametrize(
    ("language", "plain", "condition"),
    [
        ("ru", "Берг сказал, что войска отойдут", ", если будет подписано соглашение"),
        ("ru", "Берг сказал, что войска отойдут", " при условии обмена пленными"),
        ("ru", "Берг сказал, что войска отойдут", " только после обмена пленными"),
        ("ru", "Берг сказал, что войска не отойдут", ", пока пленные не вернутся"),
        ("uk", "Берг сказав, що війська відійдуть", ", якщо буде підписано угоду"),
        ("uk", "Берг сказав, що війська відійдуть", " за умови обміну полоненими"),
        ("uk", "Берг сказав, що війська відійдуть", " лише після обміну полоненими"),
        ("uk", "Берг сказав, що війська не відійдуть", ", доки полонені не повернуться"),
    ],
)
def test_a_condition_is_found_where_it_stands_and_only_there(language, plain, condition):
    (without,) = said(plain + ".", language=language)
    (with_it,) = said(plain + condition + ".", language=language)
    assert without.condition is None
    assert with_it.condition == condition.strip(" ,")


@pytest.mark.parametrize(
    ("language", "text", "speaker"),
    [
        ("ru", "В МИД Норландии заявили, что войска отойдут.", "мид_норландии"),
        ("ru", "Войска отойдут, рассказали в министерстве обороны.", "министерство_обороны"),
        ("ru", "Глава администрации Лесного края Пётр Дубов рассказал, что дорога открыта.", "дубов"),
        ("ru", "Дорога открыта, — агентство «Берег».", "берег"),
        ("ru", "По словам командира Петра Дубова, дорога открыта.", "дубов"),
        ("ru", "По словам чиновника, дорога открыта.", "чиновник"),
        ("uk", "У МЗС Норландії заявили, що війська відійдуть.", "мзс_норландії"),
        ("uk", "Війська відійдуть, розповіли у міністерстві оборони.", "міністерство_оборони"),
        ("uk", "Голова адміністрації Лісового краю Петро Дубов розповів, що дорога відкрита.", "дубов"),
        ("uk", "Вночі дорогу закрили через обстріл, — місцева влада.", "місцева_влада"),
    ],
)
def test_bodies_and_long_offices_speak(language, text, speaker):
    assert [one.speaker.id for one in said(text, language=language)] == [speaker]


def test_a_signature_speaks_for_its_paragraph_and_for_nothing_after_it():
    text = "Війська відійшли. Дорога вільна, — Орлова.\nПобачимо, чи надовго це."
    assert [(one.speaker.id, one.text) for one in said(text, language="uk")] == [
        ("orlov", "Війська відійшли."),
        ("orlov", "Дорога вільна, — Орлова."),
    ]


def test_what_others_want_is_what_the_signature_says_of_them():
    text = "Судландія відмовилась від перемир’я. Це помилка, — Орлова."
    assert [one.speaker.id for one in said(text, language="uk")] == ["orlov", "orlov"]


def test_an_office_without_a_name_is_rather_its_holder_who_spoke_last():
    text = "Берг прокоментував слова Орлової про перемир’я. «Війна триває». — заявив президент"
    assert [one.speaker.id for one in said(text, language="uk")] == ["berg", "berg"]


def test_a_name_in_marks_is_no_speech_and_a_dash_between_two_things_no_signature():
    assert said("Корабль «Ветер» пришёл в порт.", language="ru") == []
    assert said("Наша мета — мир.", language="uk") == []
    assert said("Дорога на север закрыта — Судландия далеко и молчит.", language="ru") == []


def test_a_name_in_lower_case_is_read_in_these_languages_alone():
    assert [one.speaker.id for one in said("Дорога відкрита, — орлова.", language="uk")] == ["orlov"]
    assert said("The road is open, berg said.") == []
