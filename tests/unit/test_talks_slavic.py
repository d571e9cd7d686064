"""Laws of reading official Russian and Ukrainian: forms of an attribution, whose will is told, lines that go on."""

from __future__ import annotations

import pytest
from fixtures_talks import document, said, speakers

from truceline.talks.statements import read_statements

VERBS = {
    "ru": [
        "заявил",
        "отметил",
        "подчеркнул",
        "сообщил",
        "подтвердил",
        "утверждает",
        "констатировал",
        "ожидает",
    ],
    "uk": [
        "заявив",
        "зазначив",
        "наголосив",
        "повідомив",
        "підтвердив",
        "стверджує",
        "констатував",
        "очікує",
    ],
}
THAT = {"ru": "Берг {}, что дорога открыта.", "uk": "Берг {}, що дорога відкрита."}


@pytest.mark.parametrize(("language", "verb"), [(one, verb) for one in VERBS for verb in VERBS[one]])
def test_a_plain_verb_of_saying_makes_a_claim_of_its_subject(language, verb):
    assert [(one.speaker.id, one.stance) for one in said(THAT[language].format(verb), language=language)] == [
        ("berg", "claims")
    ]


REPORTED = [
    ("ru", "Берг потребовал вывести войска.", "demands"),
    ("ru", "Берг отверг перемирие.", "rejects"),
    ("ru", "Берг призвал прекратить огонь.", "demands"),
    ("ru", "Берг опроверг удар по порту.", "denies"),
    ("ru", "Берг выразил готовность к встрече.", "open"),
    ("ru", "Берг не подтверждает удар по порту.", "open"),
    ("ru", "Стороны договорились о перемирии, сообщил Берг.", "accepts"),
    ("uk", "Берг вимагає вивести війська.", "demands"),
    ("uk", "Берг відкинув перемир’я.", "rejects"),
    ("uk", "Берг закликав припинити вогонь.", "demands"),
    ("uk", "Берг спростував удар по порту.", "denies"),
    ("uk", "Берг висловив готовність до зустрічі.", "open"),
    ("uk", "Берг не підтверджує удар по порту.", "open"),
    ("uk", "Сторони домовилися про перемир’я, повідомив Берг.", "accepts"),
]


@pytest.mark.parametrize(("language", "text", "stance"), REPORTED)
def test_the_main_verb_gives_the_stance(language, text, stance):
    assert [(one.speaker.id, one.stance) for one in said(text, language=language)] == [("berg", stance)]


RELATIVE = [
    ("ru", "Берг заявил, что поддерживает план{} .", ", который требует прекратить огонь", "accepts"),
    ("uk", "Берг заявив, що підтримує план{} .", ", який вимагає припинити вогонь", "accepts"),
]


@pytest.mark.parametrize(("language", "frame", "clause", "stance"), RELATIVE)
def test_a_clause_that_says_which_one_is_meant_changes_no_stance(language, frame, clause, stance):
    for text in (frame.format(""), frame.format(clause)):
        assert [one.stance for one in said(text.replace(" .", "."), language=language)] == [stance]


ONLOOKERS = [
    ("ru", "Судландия намерена отвести войска, — {}.", "Берг", "газета «Берег»"),
    ("uk", "Судландія планує відвести війська, — {}.", "Берг", "газета «Берег»"),
    ("uk", "Судландія планує відвести війська, — {}.", "Берг", "Coast Post"),
]


@pytest.mark.parametrize(("language", "frame", "leader", "outlet"), ONLOOKERS)
def test_what_an_outlet_tells_of_others_is_no_will_of_its_own(language, frame, leader, outlet):
    assert [one.stance for one in said(frame.format(leader), language=language)] == ["announces"]
    assert [one.stance for one in said(frame.format(outlet), language=language)] == ["claims"]


ASIDE = [
    ("ru", "{}Дорога открыта, заявил {}президент Судландии Иво Берг.", "журналистам на пресс-конференции по итогам встречи "),
    ("ru", "{}Дорога открыта, заявил {}президент Судландии Иво Берг.", "в беседе с корреспондентом в Норбю "),
    ("uk", "{}Дорога відкрита, заявив {}президент Судландії Іво Берг.", "журналістам на пресконференції за підсумками зустрічі "),
    ("uk", "{}Дорога відкрита, заявив {}президент Судландії Іво Берг.", "в розмові з кореспондентом у Норбю "),
]  # fmt: skip


@pytest.mark.parametrize(("language", "frame", "aside"), ASIDE)
def test_where_and_to_whom_it_was_said_changes_no_speaker(language, frame, aside):
    for words in ("", aside):
        assert [one.speaker.id for one in said(frame.format("", words), language=language)] == ["berg"]


@pytest.mark.parametrize(
    ("language", "whole", "broken"),
    [
        ("uk", "Дорога на північ відкрита для всіх, — Берг.", "Дорога на північ відкрита для всіх, —\nБерг."),
        ("uk", "«Дорога на північ відкрита». — додав Берг", "«Дорога на північ відкрита».\n— додав Берг"),
        ("ru", "Дорога на север открыта для всех, — Берг.", "Дорога на север открыта для всех, —\nБерг."),
    ],
)
def test_a_line_that_goes_on_is_read_as_one(language, whole, broken):
    def read(text):
        return [(one.speaker.id, one.issue, one.stance) for one in said(text, language=language)]

    assert read(whole) == read(broken) != []


def test_a_text_of_one_line_is_text_with_or_without_its_full_stop():
    for text in ("Берг заявил, что перемирие неприемлемо", "Берг: перемирие неприемлемо — никогда"):
        assert [one.speaker.id for one in said(text, language="ru")] == ["berg"]


def test_the_officer_of_somebody_is_not_that_one():
    found = said("Пресс-секретарь Берга заявил, что дорога открыта.", language="ru")
    assert [one.speaker.id for one in found] != ["berg"]


def test_who_is_warned_or_told_does_not_speak():
    assert [one.speaker.id for one in said("Берг предупредил Судландию об ударе.", language="ru")] == ["berg"]
    assert [one.speaker.id for one in said("Орлова попередила Судландію про удар.", language="uk")] == [
        "orlov"
    ]


def test_a_body_of_a_state_that_the_case_does_not_know_is_its_own():
    texts = [("ru", "Минобороны Лугании обвинило Судландию в нарушении перемирия."), ("ru", "Минобороны Лугании заявило, что перемирие нарушено.")]  # fmt: skip
    for language, text in texts:
        assert [one.speaker.id for one in said(text, language=language)] == ["минобороны_лугании"]


def test_a_name_and_a_colon_at_the_head_speak_for_what_follows():
    text = "Берг: Мы отведём войска. Дорога будет открыта."
    assert [one.speaker.id for one in said(text, language="ru")] == ["berg", "berg"]


def test_a_quotation_may_stand_below_the_line_that_says_whose_it_is():
    text = "Дорога відкрита.\nПро це повідомив Берг.\n«Ми відвели війська, і дорога на північ тепер вільна для всіх»."
    assert [one.speaker.id for one in said(text, language="uk")] == ["berg", "berg"]


#: every issue at least once, in words that no text of a case gave
TRANSLATED = [
    ("Мы никогда не признаем эти земли чужими", "Ми ніколи не визнаємо ці землі чужими", "territory", "rejects"),
    ("Иностранные войска на нашей земле станут законной целью, это опасно", "Іноземні війська на нашій землі стануть законною ціллю, це небезпечно", "contingents", "warns"),
    ("Выборы возможны только после отмены военного положения", "Вибори можливі лише після скасування воєнного стану", "government", "conditions"),
    ("Санкции снимут при условии, что тишина продержится месяц", "Санкції знімуть за умови, що тиша протримається місяць", "sanctions", "conditions"),
    ("Мы возобновили обмен разведданными", "Ми відновили обмін розвідданими", "intelligence", "announces"),
    ("Обмен пленными состоится завтра", "Обмін полоненими відбудеться завтра", "prisoners", "announces"),
    ("Мы передадим новую партию ракет и снарядов", "Ми передамо нову партію ракет і снарядів", "arms", "announces"),
    ("Соглашение о недрах подпишут в среду", "Угоду про надра підпишуть у середу", "minerals", "announces"),
    ("Линию соприкосновения нужно закрепить на карте", "Лінію зіткнення треба закріпити на карті", "line", "demands"),
    ("Нужно обсудить, кто будет контролировать прекращение огня", "Треба обговорити, хто контролюватиме припинення вогню", "verification", "asks"),
    ("Они используют передышку, чтобы перегруппировать войска", "Вони використають перепочинок, щоб перегрупувати війська", "momentum", "claims"),
    ("Окружённые солдаты должны сложить оружие", "Оточені солдати повинні скласти зброю", "encircled", "demands"),
    ("Мы не намерены останавливать мобилизацию", "Ми не збираємося зупиняти мобілізацію", "mobilisation", "rejects"),
    ("Делегации встретятся в среду", "Делегації зустрінуться в середу", "meetings", "announces"),
    ("Переговоры без участия всех сторон неприемлемы", "Переговори без участі всіх сторін неприйнятні", "format", "rejects"),
    ("Прочный мир возможен, если устранить первопричины", "Міцний мир можливий, якщо усунути першопричини", "settlement", "open"),
    ("Они лгут и затягивают время", "Вони брешуть і затягують час", "relations", "claims"),
    ("Судоходство в проливе возобновлено", "Судноплавство у протоці відновлено", "maritime", "claims"),
    ("Удар по подстанции оставил город без света", "Удар по підстанції залишив місто без світла", "energy", "claims"),
    ("Вступление в альянс неприемлемо", "Вступ до альянсу неприйнятний", "alliances", "rejects"),
    ("Приказ прекратить огонь отдан", "Наказ припинити вогонь віддано", "orders", "announces"),
    ("Мы приветствуем прекращение огня", "Ми вітаємо припинення вогню", "ceasefire", "accepts"),
    ("Перемирие продлится до полуночи", "Перемир’я триватиме до півночі", "duration", "claims"),
    ("Другая сторона сорвала перемирие и нарушила договорённости", "Інша сторона зірвала перемир’я і порушила домовленості", "violations", "claims"),
    ("Мы не наносили ударов по больнице, это ложь", "Ми не завдавали ударів по лікарні, це брехня", "fighting", "denies"),
    ("Мы просим международных наблюдателей приехать", "Ми просимо міжнародних спостерігачів приїхати", "verification", "demands"),
    ("Если обстрелы продолжатся, мы ответим", "Якщо обстріли триватимуть, ми відповімо", "fighting", "warns"),
    ("Мы рассмотрим это предложение о перемирии", "Ми розглянемо цю пропозицію про перемир’я", "ceasefire", "open"),
    ("Мы согласны на обмен пленными", "Ми згодні на обмін полоненими", "prisoners", "accepts"),
    ("Информации о встрече нет", "Інформації про зустріч немає", "meetings", "open"),
    ("Решение о встрече пока не принято", "Рішення про зустріч поки не ухвалене", "meetings", "open"),
    ("Мы отклонили предложение о буферной зоне", "Ми відхилили пропозицію про буферну зону", "line", "rejects"),
]  # fmt: skip


@pytest.mark.parametrize(("russian", "ukrainian", "issue", "stance"), TRANSLATED)
def test_issues_and_stances_are_told_alike_in_both_languages(russian, ukrainian, issue, stance):
    for language, text in (("ru", f"«{russian}», — сказал Берг."), ("uk", f"«{ukrainian}», — сказав Берг.")):
        assert [(one.issue, one.stance) for one in said(text, language=language)] == [(issue, stance)]


OWN = [
    ("С 18 часов войска строго соблюдали режим прекращения огня.", "ceasefire", "claims"),
    ("За сутки режим прекращения огня нарушен 120 раз.", "violations", "claims"),
    ("Противник продолжает удары, несмотря на достигнутые договорённости.", "violations", "claims"),
    ("Беспилотник атаковал подстанцию, отключена линия электропередачи.", "energy", "claims"),
    ("Войскам отданы распоряжения о прекращении огня.", "orders", "announces"),
    ("Из плена возвращены 24 военнослужащих.", "prisoners", "announces"),
    ("В случае нарушений перемирия войска дадут ответ.", "violations", "warns"),
]


@pytest.mark.parametrize(("text", "issue", "stance"), OWN)
def test_a_channel_of_its_own_tells_acts_breaches_and_threats_apart(text, issue, stance):
    owner = speakers().by_id["n-mod"]
    (found,) = read_statements(document(text, language="ru"), speakers(), owner=owner)[0]
    assert (found.speaker.id, found.issue, found.stance) == ("n-mod", issue, stance)


def test_in_his_words_at_the_head_of_a_cutting_are_theirs_whom_it_names_next():
    for language, text in (
        ("ru", "По его словам, дорога открыта. Берг добавил, что войска отойдут."),
        ("uk", "За його словами, дорога відкрита. Берг додав, що війська відійдуть."),
    ):
        assert [one.speaker.id for one in said(text, language=language)] == ["berg", "berg"]


def test_an_outlet_in_another_script_leads_with_a_colon_and_a_place_does_not():
    assert [one.speaker.id for one in said("Coast: дорога открыта.", language="ru")] == ["coast"]
    assert said("Лесной: дорога открыта.", language="ru") == []


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("uk", "Норландія дозволила Садландії бити по складах за річкою, — джерело в уряді.", "джерело в уряді"),
        ("ru", "Норландия разрешила Садландии бить по складам за рекой, — источник в правительстве.", "источник в правительстве"),
    ],
)  # fmt: skip
def test_a_source_that_signs_may_say_where_it_is(language, text, name):
    (one,) = said(text, language=language)
    assert (one.speaker.name, one.rule) == (name, "signed")
