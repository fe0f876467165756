//! Text in the forms in which it is stored and compared (K-12). No function here changes what a
//! stored text says. NFC only unifies characters that are canonically equal (Unicode Standard
//! Annex #15). Folded text is used for comparison only, and never shown.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc_quick};

/// The text in NFC. In this form `é` is one character, no matter how it was typed.
pub fn nfc(text: &str) -> Cow<'_, str> {
    let is_nfc = is_nfc_quick(text.chars()) == unicode_normalization::IsNormalized::Yes;
    if text.is_ascii() || is_nfc { text.into() } else { text.nfc().collect::<String>().into() }
}

/// An e-mail address in the form in which it is stored and compared: NFC, in lower case. RFC 5321
/// section 2.4 allows mailboxes that distinguish case, but none does. Two accounts that differ only
/// in case would be a trap.
pub fn address(text: &str) -> String {
    nfc(&nfc(text).to_lowercase()).into_owned()
}

/// The text in the form in which search compares it. Differences of case disappear (`ß` becomes
/// `ss`, every sigma `σ`, `İ` an `i` with a dot above), and so do differences of compatibility (`ﬁ`
/// becomes `fi`, `Ａ` becomes `a`). Accents stay. The rule follows the compatibility caseless
/// matching of the Unicode Standard, section 3.13.4.
///
/// For ASCII text the result is the same as that of SQL's `lower`.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => text.to_ascii_lowercase().into(),
            false => text.into(),
        };
    }
    // The text goes through upper case, because this unifies `ß` with `ẞ`, and `σ` with `ς`. It
    // goes character by character, because the lower case of a sigma depends on its position in a
    // text.
    let folded = text.nfkd().flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    folded.flat_map(char::to_lowercase).nfkc().collect::<String>().into()
}

/// The text as a password guesser tries it: without differences of compatibility, without accents,
/// and without invisible characters other than spaces. It is only for estimates, and never stored
/// or compared.
pub fn bare(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return text.into();
    }
    let kept = |c: &char| *c == ' ' || !(is_combining_mark(*c) || is_invisible(*c));
    text.nfkd().filter(kept).nfc().collect::<String>().into()
}

/// The value of a row's column `folded`: the folded text of each named column that SQL's `lower`
/// would not fold, as a JSON object. `None` if there is no such column.
pub fn folded<'a>(columns: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<String> {
    let columns = columns.into_iter().filter(|(_, text)| !text.is_ascii());
    // `extend` inserts one by one. `collect` would bring in code that sorts.
    let mut folded = serde_json::Map::new();
    folded.extend(columns.map(|(name, text)| (name.to_owned(), fold(text).into())));
    (!folded.is_empty()).then(|| serde_json::Value::Object(folded).to_string())
}

/// Whether the text has a visible character. A name must have one: on a screen, a name of blanks or
/// of characters without a glyph looks the same as no name.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|character| !is_invisible(character))
}

/// Whether a character has no glyph. These are white space, control characters, characters that
/// readers may ignore (Default_Ignorable_Code_Point of Unicode 17), and two that are drawn as
/// nothing.
pub fn is_invisible(character: char) -> bool {
    let point = u32::from(character);
    character.is_whitespace()
        || character.is_control()
        || INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&point))
}

/// The ranges of invisible characters, with first and last, except white space and controls.
pub const INVISIBLE: [(u32, u32); 21] = [
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    // BRAILLE PATTERN BLANK
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    // INTERLINEAR ANNOTATION
    (0xFFF9, 0xFFFB),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0x1D159, 0x1D159),
    // Tags, and variation selectors.
    (0xE0000, 0xE0FFF),
    (0xE1000, 0xE1000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_text_is_what_guessers_try() {
        for (text, expected) in [
            ("ｐａｓｓｗｏｒｄ１２３", "password123"),
            ("p\u{200b}assword", "password"),
            ("contraseña", "contrasena"),
            ("a b-c", "a b-c"),
            ("한글", "한글"),
        ] {
            assert_eq!(bare(text), expected);
        }
    }

    #[test]
    fn nfc_makes_one_of_equal_spellings() {
        assert_eq!(nfc("Cafe\u{301}"), "Caf\u{e9}");
        assert_eq!(nfc("\u{212b}"), "\u{c5}", "the sign of the unit is the letter");
        assert_eq!(nfc("\u{1112}\u{1161}\u{11ab}"), "\u{d55c}");
        for same in ["", "plain", "Caf\u{e9}", "\u{fb01}", "a\r\nb", "\u{1f468}\u{200d}\u{1f469}"] {
            assert!(matches!(nfc(same), Cow::Borrowed(text) if text == same), "{same:?}");
        }
    }

    #[test]
    fn addresses_have_no_case() {
        assert_eq!(address("JOSE\u{301}@Example.COM"), "jos\u{e9}@example.com");
        assert_eq!(address("stra\u{df}e@x.de"), "stra\u{df}e@x.de", "another mailbox than strasse");
    }

    #[test]
    fn folding_knows_more_letters_than_ascii() {
        let groups: &[&[&str]] = &[
            &["Äpfel", "ÄPFEL", "äpfel", "a\u{308}pfel", "A\u{308}PFEL"],
            &["Straße", "STRASSE", "strasse", "STRA\u{1e9e}E"],
            &["ΣΊΣΥΦΟΣ", "σίσυφος", "Σίσυφοσ"],
            &["\u{130}", "i\u{307}", "I\u{307}"],
            &["Ｔｅｎａｎｔ", "tenant"],
            &["ﬁle", "FILE"],
            &["ЖУК", "жук"],
            &["ᏣᎳᎩ", "ꮳꮃꭹ"],
            &["\u{212a}elvin", "kelvin"],
            &["ԱՐԵՒ", "արեւ", "արև"],
        ];
        for group in groups {
            for text in *group {
                assert_eq!(fold(text), fold(group[0]), "{text}");
                assert_eq!(fold(&fold(text)), fold(text), "{text}: folded once is folded");
            }
        }
        assert_ne!(fold("e"), fold("é"), "accents tell words apart");
        assert_eq!(fold("Abc 123 _%"), "abc 123 _%");
    }

    #[test]
    fn names_can_be_seen() {
        for name in
            ["a", " a ", "\u{200b}a", "é", "日本", "🦀", "\u{202e}rtl", "-", "0", "\u{e000}"]
        {
            assert!(is_visible(name), "{name:?}");
        }
        for name in [
            "",
            " ",
            "\t\n",
            "\u{a0}",
            "\u{3000}",
            "\u{200b}",
            "\u{200d}\u{200c}",
            "\u{ad}",
            "\u{3164}",
            "\u{115f}\u{1160}",
            "\u{ffa0}",
            "\u{2800}",
            "\u{feff}",
            "\u{202e}",
            "\u{2066}\u{2069}",
            "\u{e0041}\u{e007f}",
            "\u{fe0f}",
            "\u{180e}",
            "\u{2060} \u{34f}",
            "\u{61c}",
            "\u{1d173}",
            "\u{85}",
            "\u{2028}",
        ] {
            assert!(!is_visible(name), "{name:?}");
        }
    }
}
