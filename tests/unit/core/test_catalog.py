"""A language's file: what is read from it, and how finished sentences are found again."""

import pytest

from revenge_companion.core.catalog import NotACatalog, parse, read

HEADER = (
    'msgid ""\nmsgstr ""\n"Language: de\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
)


def finished(**sentences: str) -> str:
    return HEADER + "\n".join(
        f'msgctxt "Sentences"\nmsgid "{source}"\nmsgstr "{said}"\n'
        for source, said in sentences.items()
    )


def test_a_text_is_found_by_its_english_wherever_it_is_asked_for() -> None:
    texts = parse(f'{HEADER}msgid "Outbox"\nmsgstr "Postausgang"\n')

    assert texts.text("Outbox", "Window") == texts.text("Outbox") == "Postausgang"
    assert texts.text("Inbox") == ""


def test_one_place_can_have_words_of_its_own() -> None:
    text = 'msgid "Play"\nmsgstr "Wiedergabe"\n\nmsgctxt "Button"\nmsgid "Play"\nmsgstr "Los"\n'
    texts = parse(HEADER + text)

    assert texts.text("Play", "Button") == "Los"
    assert texts.text("Play", "Table") == "Wiedergabe"


def test_a_number_chooses_its_form() -> None:
    entry = 'msgid "%n play(s)"\nmsgid_plural "%n play(s)"\nmsgstr[0] "eine"\nmsgstr[1] "viele"\n'
    texts = parse(HEADER + entry)

    assert [texts.text("%n play(s)", n=n) for n in (0, 1, 2)] == ["viele", "eine", "viele"]


def test_a_language_may_have_more_forms_than_english() -> None:
    forms = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2);"
    header = f'msgid ""\nmsgstr ""\n"Plural-Forms: {forms}\\n"\n\n'
    entry = 'msgid "%n(s)"\nmsgid_plural "%n(s)"\n' + "".join(
        f'msgstr[{number}] "{form}"\n' for number, form in enumerate(("one", "few", "many"))
    )
    texts = parse(header + entry)

    assert [texts.text("%n(s)", n=n) for n in (1, 3, 11, 21)] == ["one", "few", "many", "one"]


def test_what_is_empty_or_not_looked_at_stays_english() -> None:
    text = '#, fuzzy\nmsgid "One"\nmsgstr "Eins"\n\nmsgid "Two"\nmsgstr ""\n'
    texts = parse(HEADER + text)

    assert (texts.text("One"), texts.text("Two")) == ("", "")


def test_texts_are_read_over_several_lines_and_with_escapes() -> None:
    entries = list(read('msgid ""\n"a \\"b\\"\\n"\n"c"\nmsgstr "d\\\\e"\n'))

    assert [(one.source, one.forms) for one in entries] == [('a "b"\nc', ("d\\e",))]


@pytest.mark.parametrize(
    "text",
    ['msgid "One"\n', "msgid One\nmsgstr Eins\n", 'msgid "One\nmsgstr "Eins"\n'],
    ids=["no translation", "no quotes", "one quote"],
)
def test_what_is_no_such_file_says_the_line(text: str) -> None:
    with pytest.raises(NotACatalog, match=r"line \d"):
        parse(text)


def test_a_finished_sentence_is_known_by_its_template() -> None:
    texts = parse(finished(**{"{host} did not answer in time.": "{host} schwieg."}))

    assert texts.sentence("media.example did not answer in time.") == "media.example schwieg."
    assert texts.sentence("Something else happened.") == "Something else happened."


def test_names_keep_their_places_in_another_order() -> None:
    texts = parse(finished(**{"{one} sent {two} lines.": "{two} Zeilen von {one}."}))

    assert texts.sentence("Trakt sent 7 lines.") == "7 Zeilen von Trakt."


def test_the_longest_template_decides() -> None:
    texts = parse(
        finished(
            **{
                "{path} cannot be read: {why}.": "{path} unlesbar: {why}.",
                "The settings of {path} cannot be read: {why}.": "Einstellungen {path}: {why}.",
            }
        )
    )

    assert texts.sentence("The settings of x cannot be read: gone.") == "Einstellungen x: gone."


def test_an_error_that_quotes_another_is_read_whole() -> None:
    texts = parse(
        finished(
            **{
                "Trakt did not accept {what}{said}": "Trakt nahm {what} nicht{said}",
                "this play": "diese Wiedergabe",
                "{host} cannot be reached.": "{host} ist weg.",
            }
        )
    )

    assert texts.sentence("Trakt did not accept this play.") == "Trakt nahm diese Wiedergabe nicht."
    told = texts.sentence("Trakt did not accept this play: x.org cannot be reached.")
    assert told == "Trakt nahm diese Wiedergabe nicht: x.org ist weg."


def test_nothing_more_may_have_been_said() -> None:
    texts = parse(finished(**{"Trakt asks for a paid plan. {page}": "Trakt will Geld. {page}"}))

    assert texts.sentence("Trakt asks for a paid plan.") == "Trakt will Geld."
    assert texts.sentence("Trakt asks for a paid plan. x.org") == "Trakt will Geld. x.org"


def test_braces_in_what_was_said_stay_as_they_are() -> None:
    texts = parse(finished(**{"{name} is not a file of rules.": "{name} hat keine Regeln."}))

    assert texts.sentence("{0} is not a file of rules.") == "{0} hat keine Regeln."


def test_many_different_sentences_do_not_pile_up() -> None:
    texts = parse(finished(**{"There is no play {number}.": "Keine Wiedergabe {number}."}))
    for number in range(2000):
        assert texts.sentence(f"There is no play {number}.") == f"Keine Wiedergabe {number}."

    assert len(texts._found) <= 501  # noqa: SLF001  # the point of the test
