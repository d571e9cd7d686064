"""Words by which strangers' tables name their columns, and families of words for what happens.

Proposals alone: every one is shown to who starts the case, and the cells must bear it out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

#: a column holds kinds, or names of who acted, where it has at most so many different values
MOST_WORDS = 40
#: headers by which a column is known, most telling first; compared without case, signs, blanks and accents
NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        "occurredfrom", "datetime", "dateandtime", "eventdate", "dateofevent", "incidentdate", "startedat", "starttime", "started", "datestart", "timestamp", "begin", "date", "acqdate", "time", "day", "when", "start", "timestart", "occurredat",
        "датавремя", "датаивремя", "датачас", "датаичас", "дататачас", "дата", "датасобытия", "датаподії", "время", "час", "момент", "день",
        "fechahora", "fechayhora", "fecha", "fechadelincidente", "momento", "dia", "dateheure", "dateetheure", "jour", "moment",
        "datumuhrzeit", "datumzeit", "zeitpunkt", "datum", "zeit", "tag", "data", "dataora", "datahora", "tarih", "التاريخ", "تاريخ", "الوقت",
    ),
    "clock": (
        "clock", "time", "timeofday", "hour", "localtime", "время", "час", "часподії", "година", "времясобытия", "hora", "heure", "uhrzeit", "zeit", "ora", "godzina", "saat", "الوقت", "الساعة", "وقت",
    ),
    "longitude_deg": (
        "longitudedeg", "longitude", "lon", "lng", "long", "xcoord", "coordx", "x", "pointx",
        "долгота", "довгота", "долг", "довг", "longitud", "lange", "laenge", "langengrad", "laengengrad", "geogrlange", "longitudine", "boylam", "خططول", "خطالطول", "الطول",
    ),
    "latitude_deg": (
        "latitudedeg", "latitude", "lat", "ycoord", "coordy", "y", "pointy",
        "широта", "шир", "latitud", "breite", "breitengrad", "geogrbreite", "latitudine", "enlem", "دائرةالعرض", "خطعرض", "خطالعرض", "العرض",
    ),
    "coordinates": (
        "coordinates", "coordinate", "coords", "coord", "latlon", "latlong", "latlng", "lonlat", "longlat", "latitudelongitude", "gps", "wkt", "point", "geometry", "geom", "position", "geolocation", "geopoint", "location", "geo",
        "координаты", "координати", "coordenadas", "coordonnees", "koordinaten", "koordinate", "koordynaty", "إحداثيات", "الإحداثيات", "الاحداثيات",
    ),
    "act": (
        "act", "subeventtype", "eventtype", "incidenttype", "type", "category", "kind", "event", "attacktype",
        "типсобытия", "типподії", "тип", "вид", "категория", "категорія", "событие", "подія", "tipo", "tipodeevento", "tipodeincidente", "categoria", "evento", "suceso", "typedincident", "typeincident", "typ", "rodzaj", "evenement", "categorie", "nature", "art", "ereignis", "ereignisart", "kategorie", "vorfall", "نوع", "النوع", "نوعالحدث", "الحدث",
    ),
    "accused_party_id": (
        "accusedpartyid", "accusedparty", "accused", "perpetrator", "perpetrators", "perpetratorgroup", "perpetratedby", "attributedto", "responsibleparty", "responsibility", "responsible", "violator", "violatingparty", "blamed", "firedby",
        "сторонапорушник", "порушник", "винуватець", "відповідальнасторона", "сторонанарушитель", "нарушитель", "виновник", "ответственнаясторона", "обвиняемаясторона", "звинуваченасторона",
        "perpetrador", "presuntoresponsable", "responsable", "presuntoautor", "auteurpresume", "tater", "taeter", "verursacher", "sprawca", "fail", "الجهةالمسؤولة", "الطرفالمسؤول", "الجاني",
    ),
    "text": (
        "text", "headline", "notes", "note", "description", "details", "summary", "title", "comment", "comments", "remarks", "narrative", "sourceheadline",
        "описание", "опис", "примечание", "примітка", "комментарий", "коментар", "текст", "подробности", "descripcion", "observaciones", "notas", "detalle", "resumen", "remarques", "observations", "resume", "beschreibung", "bemerkung", "bemerkungen", "anmerkung", "الوصف", "وصف", "ملاحظات",
    ),
    "place_name": (
        "placename", "place", "location", "town", "settlement", "village", "city", "locality", "name", "district", "municipality", "community", "county", "admin3", "admin2",
        "место", "місце", "населенныйпункт", "населенийпункт", "нп", "город", "село", "місто", "громада", "район", "община", "lugar", "localidad", "municipio", "vereda", "poblacion", "lieu", "localite", "commune", "ville", "ort", "ortschaft", "bezirk", "landkreis", "gemeinde", "stadt", "المكان", "مكان", "الموقع", "المدينة", "البلدة",
    ),
    "observation_id": ("observationid", "eventid", "incidentid", "id", "globalid", "uuid", "fid", "ref", "reference", "refno", "no", "nr", "number", "номер", "eventidcnty", "ид", "идентификатор", "ідентифікатор", "identificador", "identifiant", "kennung"),
    "count": ("count", "howmany", "numberofstrikes", "numberofexplosions", "quantity", "количество", "кількість", "cantidad", "anzahl", "quantite", "العدد"),
}  # fmt: skip

#: stems of words that mean one kind of thing, in several languages; for matching words of a file with acts
_FAMILIES: tuple[tuple[str, ...], ...] = (
    ("drone", "uav", "uas", "quadcopter", "бпла", "дрон", "беспилот", "безпілот", "dron", "drohne", "vant", "مسير"),
    ("air strike", "airstrike", "air attack", "bombing", "авиауд", "авіауд", "ataque aereo", "bombardeo aereo", "frappe aerienne", "raid aerien", "luftangriff", "غارة"),
    ("shell", "artiller", "mortar", "rocket", "missile", "обстр", "артил", "миномет", "мінометн", "ракет", "bombarde", "artiller", "mortero", "cohete", "pilonnage", "bombardement", "beschuss", "artillerie", "granat", "قصف", "مدفعي"),
    ("clash", "battle", "fight", "combat", "firefight", "armed attack", "fire exchange", "exchange of fire", "gunfire", "бой", "бои", "бій", "бої", "столкнов", "зіткнен", "перестрел", "combate", "enfrentamiento", "tiroteo", "affrontement", "accrochage", "gefecht", "kampf", "schusswechsel", "اشتباك"),
    ("mine", "ied", "explosive device", "подрыв", "підрив", "мина", "міна", "artefacto explosivo", "engin explosif", "sprengfalle", "لغم", "عبوة"),
    ("sniper", "снайпер", "francotirador", "scharfschutz", "قنص"),
    ("abduct", "kidnap", "похищ", "викрад", "secuestro", "enlevement", "entfuhrung", "خطف"),
)  # fmt: skip


@lru_cache(maxsize=65_536)
def plain_name(name: str) -> str:
    """A header as it is compared: letters and digits alone, without case and accents."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign))  # fmt: skip
    return re.sub(r"[\W_]", "", bare)


_PLAIN = {column: tuple(map(plain_name, names)) for column, names in NAMES.items()}
#: a header that holds these is of when a record was made or changed, or of a place that is not the event's
_ELSEWHERE = re.compile(r"updat|modif|creat|upload|entry|report|publish|source|обновл|созда|публик")


def known_headers(header: Sequence[str], column: str) -> list[str]:
    """Headers that a column may have, most telling first: whole names, then names with a known word in them."""
    names = _PLAIN[column]
    whole = [
        (names.index(plain_name(one)), k, one) for k, one in enumerate(header) if plain_name(one) in names
    ]
    parts = []
    for k, one in enumerate(header):
        words = [plain_name(word) for word in re.split(r"[\W_]+", one)]
        found = [names.index(word) for word in words if len(word) > 2 and word in names]
        if found and plain_name(one) not in names and not _ELSEWHERE.search(one.casefold()):
            parts.append((min(found), k, one))
    return [one for _, _, one in [*sorted(whole), *sorted(parts)]]


def n_rows_of(words: Iterable[tuple[str, int]]) -> int:
    """Rows that have one of these words."""
    return sum(n for _word, n in words)


def alike_act(word: str, acts: Iterable[tuple[str, str]]) -> str | None:
    """The one act (id, name) that a word of a file seems to mean; None where there is none, or several."""
    acts = list(acts)
    said = plain_words(word)
    direct = [act for act, name in acts if plain_words(name) in said or said in plain_words(name) or f" {act} " in f" {said} "]  # fmt: skip
    if len(direct) == 1:
        return direct[0]
    for stems in _FAMILIES:
        if not _of_family(said, stems):
            continue
        same = [act for act, name in acts if _of_family(f"{plain_words(name)} {act}", stems)]
        return same[0] if len(same) == 1 else None
    return None


def alike_party(name: str, parties: Iterable[tuple[str, str]]) -> str | None:
    """The one party (id, name) whose name stands in an actor's name."""
    said = f" {plain_words(name)} "
    found = [party for party, known in parties if f" {plain_words(known)} " in said]
    return found[0] if len(found) == 1 else None


def plain_words(text: str) -> str:
    """Words without case and accents, one blank between two."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))  # fmt: skip
    return " ".join(re.findall(r"\w+", bare.replace("_", " ")))


def _of_family(said: str, stems: Iterable[str]) -> bool:
    return any(re.search(rf"\b{re.escape(plain_words(stem))}", said) for stem in stems)
