"""Which language short texts are in: sentences written for this test, and real tweets beside the project."""

import pytest

from data_prep.pruning.languages import check_language, is_in
from kerasmm.console import UserError

ENGLISH = [
    "so happy today",
    "Theresa May speaks about Brexit in Parliament tomorrow",
    "I can't believe this is happening",
    "lol omg what a day",
    "GOOD MORNING EVERYONE",
    "love it",
    "Stay tuned",
    "crazy hair",
    "New blog post: how to bake bread",
    "my dog ate my homework again",
    "We r gonna win this thing 2nite",
    "Happy Valentine's Day",
    "Queue for the polling station is already around the block",
    "thanks for the follow",
    "View from the office this morning",
    "Missing Barbados weather",
    "A Nigerian newspaper headline after the game",
    "Fruit acid peeling with white tea and papaya",
    "Remain or leave?",
    "Not my president",
]
OTHERS = {
    "de": ["Heute ist ein schöner Tag in Berlin", "Wir fahren morgen nach Hause", "Das ist doch nicht wahr"],
    "fr": ["Je suis très content aujourd'hui", "Bonne nuit à tous", "Quelle belle journée au bord de la mer"],
    "es": ["Qué día tan bonito en la playa", "No puedo creer lo que está pasando", "Buenas noches a todos"],
    "it": ["Che bella giornata al mare", "Non ci posso credere", "Buonanotte a tutti quanti"],
    "pt": ["Que dia lindo na praia com vocês", "Não acredito que isso está acontecendo", "Boa noite a todos"],
    "nl": ["Wat een mooie dag op het strand", "Ik kan het niet geloven", "We gaan morgen naar huis"],
    "id": ["Selamat pagi semuanya, apa kabar", "Saya tidak percaya ini terjadi"],
    "tr": ["Bugün çok güzel bir gün", "İyi geceler herkese"],
    "pl": ["Jaki piękny dzień nad morzem", "Nie mogę w to uwierzyć"],
    "sv": ["Vilken vacker dag på stranden", "Jag kan inte tro det här"],
    "fi": ["Onpa kaunis päivä rannalla", "En voi uskoa tätä"],
    "tl": ["Magandang umaga sa inyong lahat", "Hindi ako makapaniwala dito"],
    "ru": ["Какой прекрасный день", "привет"],
    "ja": ["今日はとてもいい天気ですね", "おはよう"],
    "ko": ["오늘은 날씨가 정말 좋네요"],
    "zh": ["今天天气很好"],
    "ar": ["يوم جميل على الشاطئ", "صباح الخير"],
    "th": ["วันนี้อากาศดีมาก"],
    "hi": ["आज मौसम बहुत अच्छा है"],
    "el": ["Τι όμορφη μέρα στην παραλία"],
}


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_kept(text):
    assert is_in(text, "en")
    # Nor do links, mentions and hashtags of other languages make it another one.
    assert is_in(f"RT @ángel: {text} #nochebuena #weihnachten https://t.co/Grüße @straße 2016", "en")


@pytest.mark.parametrize(("language", "text"), [(name, text) for name, texts in OTHERS.items() for text in texts])
def test_other_languages_go(language, text):
    assert not is_in(text, "en")
    assert is_in(text, language)


def test_what_has_no_words_speaks_for_every_language():
    for text in ("", "http://t.co/x @ann", "123 !?", "❤ 😀"):
        assert is_in(text, "en") and is_in(text, "ja")


def test_of_few_words_those_of_hashtags_are_read():
    assert is_in("#HappyNewYearEveryone", "en")
    assert not is_in("#FelizNavidadATodos", "en")
    assert is_in("Maton MS500 #Black. #handmade #electric #guitar", "en")


def test_what_the_publisher_says():
    text, german = "so happy today", "Heute ist ein schöner Tag in Berlin"
    assert [is_in(text, "en", code) for code in ("en", "EN", "en-gb", "und", "qht", "zxx", None)] == [True] * 7
    assert [is_in(text, "en", code) for code in ("de", "fr", "in")] == [False] * 3
    assert not is_in(german, "en", "en")
    # Twitter's code for Indonesian.
    assert is_in("Selamat pagi semuanya, apa kabar", "id", "in")


@pytest.mark.parametrize("text", ["x" * 5000, "so happy today " * 350, "\ud83d half a pair", "\0", "a" * 300 + "…"])
def test_strange_texts(text):
    assert is_in(text, "en") in (True, False)


def test_a_language_that_cannot_be_recognised():
    check_language("en")
    with pytest.raises(UserError, match=r"^prune\.language: must be one of .*, en, .* Received: 'xx'$"):
        check_language("xx")


@pytest.mark.shared_data
def test_real_english_tweets_are_kept(shared_data):
    """Hardly one in ten of the real tweets is in another language; a rule that drops more drops English ones."""
    texts = [path.read_text("utf-8", "replace") for path in (shared_data / "tweets" / "data").glob("*.txt")]
    kept = sum(is_in(text, "en") for text in texts)
    print(f"{kept} of {len(texts)} kept")
    assert kept > 0.9 * len(texts)
