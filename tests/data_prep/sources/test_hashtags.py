import pytest

from data_prep.sources.hashtags import hashtags


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", ()),
        ("no tag # at #, all", ()),
        ("How I feel #legday #jelly", ("legday", "jelly")),
        ("#b #a #b #B", ("b", "a", "B")),
        ("(#fun)! #Disney's #in-door #snow_2015.", ("fun", "Disney", "in", "snow_2015")),
        ("#1 #2015 #1st #_ #_a", ("1st", "_a")),
        ("#fit#fitness#gym", ("fit", "fitness", "gym")),
        ("c#sharp a_#b &#39; http://x.org/#top x.html#top", ()),
        ("##double ＃全角 #これ聴いて！ #éte", ("double", "全角", "これ聴いて", "éte")),
        # Vowel signs, joiners and combining accents are no letters, but belong to the word.
        ("#हिन्दी #می\u200cخواهم #e\u0301te\u0301.", ("हिन्दी", "می\u200cخواهم", "e\u0301te\u0301")),
        ("#love❤️ #❤️ #️⃣ #1️⃣", ("love",)),
        ("#spring #hol…", ("spring",)),
        ("#fit#fitn… #cut…", ("fit",)),
        ("line\n#one\r\n#two", ("one", "two")),
    ],
)
def test_what_the_networks_link(text, tags):
    assert hashtags(text) == tags


def test_a_text_of_signs_only_is_read_at_once():
    assert hashtags("#" * 1_000_000 + "a") == ("a",)
