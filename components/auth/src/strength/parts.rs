//! Parts of a password that are easy to guess: words, sequences, keyboard runs, repetitions, years.

use super::words::Words;

/// A part of the password, in characters, and the guesses it takes as a power of ten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) guesses: f64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Brute,
    Word,
    Sequence,
    Keyboard,
    Repeat,
    Year,
}

/// The longest word that is looked up, in characters.
const MAX_PART_LENGTH: usize = 32;
/// Rows of a keyboard, and columns typed downwards and across.
const KEYBOARD: [&str; 8] = [
    "!@#$%^&*()_+",
    "1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiopyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1q2w3e4r5t6y7u8i9o0p",
];
/// Characters that people type instead of letters.
const LEET: [(char, char); 12] = [
    ('4', 'a'),
    ('@', 'a'),
    ('8', 'b'),
    ('3', 'e'),
    ('6', 'g'),
    ('1', 'i'),
    ('!', 'i'),
    ('0', 'o'),
    ('5', 's'),
    ('$', 's'),
    ('7', 't'),
    ('2', 'z'),
];

impl Part {
    /// A part without a known pattern: ten guesses for each character.
    pub(super) fn brute(start: usize, end: usize) -> Self {
        Self { start, end, guesses: (end - start) as f64, kind: Kind::Brute }
    }

    pub(super) fn len(self) -> usize {
        self.end - self.start
    }

    pub(super) fn is_easy(self) -> bool {
        self.kind != Kind::Brute
    }

    pub(super) fn why(self) -> &'static str {
        match self.kind {
            Kind::Brute => "It is short.",
            Kind::Word => "It has common words, or words that are known about you.",
            Kind::Sequence => "It has a sequence, such as abc or 6543.",
            Kind::Keyboard => "It has neighbouring keys of the keyboard.",
            Kind::Repeat => "It repeats itself.",
            Kind::Year => "It has a year.",
        }
    }
}

/// All parts that are easy to guess. They may overlap. `guesses` estimates the unit of a repetition,
/// as a power of ten.
pub(super) fn parts(text: &[char], words: &Words, guesses: impl Fn(&[char]) -> f64) -> Vec<Part> {
    let lower: Vec<char> = text.iter().flat_map(|c| c.to_lowercase().next()).collect();
    let mut found = Vec::new();
    let mut note = |start, end, guesses: f64, kind| {
        found.push(Part { start, end, guesses: guesses.log10(), kind });
    };
    for start in 0..lower.len() {
        let rest = &lower[start..];
        for length in 1..=rest.len().min(MAX_PART_LENGTH) {
            let (end, piece) = (start + length, &rest[..length]);
            if let Some((rank, changed)) = rank(piece, words) {
                let upper = text[start..end].iter().any(|c| c.is_uppercase());
                let factor = if upper { 2.0 } else { 1.0 } * if changed { 2.0 } else { 1.0 };
                note(start, end, rank as f64 * factor, Kind::Word);
            }
        }
        let run = sequence(rest);
        if run >= 3 {
            note(start, start + run, 4.0 * run as f64, Kind::Sequence);
        }
        let run = keyboard(rest);
        if run >= 4 {
            note(start, start + run, 100.0 * run as f64, Kind::Keyboard);
        }
        for (unit, times) in repeats(rest) {
            // The repeated unit has to be guessed first.
            let one = guesses(&text[start..start + unit]);
            note(start, start + unit * times, 10_f64.powf(one) * times as f64, Kind::Repeat);
        }
        if let Some(year) = rest.get(..4) {
            let year: Option<String> =
                year.iter().map(|c| c.is_ascii_digit().then_some(*c)).collect();
            if year.is_some_and(|year| year.starts_with("19") || year.starts_with("20")) {
                note(start, start + 4, 100.0, Kind::Year);
            }
        }
    }
    found
}

/// The best rank of a word as it is, backwards, or with letters in place of the characters that
/// stand for them; and whether the word had to be changed for it.
fn rank(piece: &[char], words: &Words) -> Option<(usize, bool)> {
    let plain: String = piece.iter().collect();
    let backwards: String = piece.iter().rev().collect();
    let letter = |c: &char| LEET.iter().find(|(known, _)| known == c).map_or(*c, |(_, to)| *to);
    let letters: String = piece.iter().map(letter).collect();
    let as_l: String =
        letters.chars().zip(piece).map(|(to, was)| if *was == '1' { 'l' } else { to }).collect();
    let changed = [backwards, letters, as_l].into_iter().filter(|other| *other != plain);
    let changed = changed.filter_map(|word| words.rank(&word)).min().map(|rank| (rank, true));
    words.rank(&plain).map(|rank| (rank, false)).or(changed)
}

/// How many characters, from the first on, go up or down by the same step of one or two.
fn sequence(rest: &[char]) -> usize {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let Some(first) = rest.windows(2).next().map(step) else { return 0 };
    if first == 0 || first.abs() > 2 || !rest[0].is_alphanumeric() {
        return 0;
    }
    1 + rest.windows(2).take_while(|pair| step(pair) == first).count()
}

/// How many characters follow a row of the keyboard, in either direction.
fn keyboard(rest: &[char]) -> usize {
    let longest = |row: Vec<char>| {
        let same = |at: usize| row[at..].iter().zip(rest).take_while(|(a, b)| a == b).count();
        (0..row.len()).map(same).max().unwrap_or(0)
    };
    let rows = KEYBOARD
        .iter()
        .flat_map(|row| [row.chars().collect::<Vec<_>>(), row.chars().rev().collect()]);
    rows.map(longest).max().unwrap_or(0)
}

/// The repetitions at the start: the length of the repeated unit, and how often it occurs.
fn repeats(rest: &[char]) -> Vec<(usize, usize)> {
    let count = |unit: usize| {
        (unit, rest.chunks_exact(unit).take_while(|chunk| *chunk == &rest[..unit]).count())
    };
    // The shortest unit covers the longer ones. A single character must occur three times to count.
    let found =
        (1..=rest.len() / 2).map(count).find(|(unit, times)| *times >= 2 && unit * times >= 3);
    found.into_iter().collect()
}
