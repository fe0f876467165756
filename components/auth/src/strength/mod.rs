//! Estimates how many guesses a password takes for an attacker who knows how people choose
//! passwords. It is the estimate of zxcvbn (Wheeler, USENIX Security 2016), as far as a function
//! needs it. The password is split into parts that are easy to guess, in the way that takes the
//! fewest guesses.
//!
//! The crate `zxcvbn` itself (3.1) does not run here. It measures the time of its own work. On
//! WebAssembly it takes the clock from JavaScript, or from a module that no component host
//! provides.
//!
//! `common.txt` is from zxcvbn's list of common passwords, those that leaked most often first,
//! without offensive ones. Of 42,000 variations of these words, this estimate accepts 2 in 100 to
//! which zxcvbn gives less than 3 of its 4 points.

mod parts;
mod words;

pub(crate) use self::words::Words;

use self::parts::{Part, parts};

/// The guesses that a password must take, as a power of ten. An attacker who has stolen the
/// argon2id hashes then needs years. This is zxcvbn's score 3 and a little more, so that three
/// parts that cost nothing are not enough.
const MIN_GUESSES_LOG10: f64 = 8.3;
/// How many characters are examined, because the work grows with their square.
const MAX_EXAMINED: usize = 64;
/// The guesses that each further part costs at least (zxcvbn's `D`), as a power of ten.
const MIN_COST_PER_PART: f64 = 4.0;

/// Why a password is too easy to guess. `None` if it is strong enough.
pub(crate) fn weakness(password: &str, words: &Words) -> Option<&'static str> {
    let text: Vec<char> = password.chars().take(MAX_EXAMINED).collect();
    if text.is_empty() {
        return Some("Nothing of it can be seen.");
    }
    let (guesses, weakest) = guesses(&text, words);
    (guesses < MIN_GUESSES_LOG10).then(|| weakest.map_or("It is short.", Part::why))
}

/// Refuses a password that is easy to guess. `pointer` is its place in the body.
///
/// # Errors
/// `validation-failed`, with what makes it easy and what would be better.
#[cfg(target_arch = "wasm32")]
pub(crate) fn check(pointer: &str, password: &str, words: &Words) -> kit::Result<()> {
    let Some(why) = weakness(&kit::text::bare(password), words) else { return Ok(()) };
    let advice =
        "Choose some words that do not belong together, or let a password manager make one.";
    let message = format!("Is easily guessed. {why} {advice}");
    Err(kit::Error::violation(pointer, "TOO_WEAK", &message))
}

/// The fewest guesses, as a power of ten, and the last part of that split.
type Best = Option<(f64, Option<Part>)>;

/// The guesses as a power of ten, and the longest part that is easy to guess.
fn guesses(text: &[char], words: &Words) -> (f64, Option<Part>) {
    let found = parts(text, words, |unit| guesses(unit, words).0);
    let length = text.len();
    // For each end and number of parts: the fewest guesses as a product, and the last part.
    let mut best: Vec<Vec<Best>> = vec![vec![None; length + 1]; length + 1];
    best[0][0] = Some((0.0, None));
    for end in 1..=length {
        let brute = (0..end).map(|start| Part::brute(start, end));
        for part in found.iter().copied().filter(|part| part.end == end).chain(brute) {
            for count in 0..end {
                let Some((before, _)) = best[part.start][count] else { continue };
                let product = before + part.guesses;
                let slot = &mut best[end][count + 1];
                if slot.is_none_or(|(known, _)| product < known) {
                    *slot = Some((product, Some(part)));
                }
            }
        }
    }
    let mut least = (f64::INFINITY, 0);
    let mut factorial = 0.0;
    for (count, best) in best[length].iter().enumerate().skip(1) {
        factorial += (count as f64).log10();
        let Some((product, _)) = best else { continue };
        // The parts may come in any order, and an attacker tries fewer parts first.
        let total =
            10_f64.powf(product + factorial) + 10_f64.powf(MIN_COST_PER_PART * (count - 1) as f64);
        if total.log10() < least.0 {
            least = (total.log10(), count);
        }
    }
    let (mut end, mut count, mut weakest) = (length, least.1, None::<Part>);
    while let Some((_, Some(part))) = best[end][count] {
        if part.is_easy() && weakest.is_none_or(|known| known.len() < part.len()) {
            weakest = Some(part);
        }
        (end, count) = (part.start, count - 1);
    }
    (least.0, weakest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weak(password: &str) -> bool {
        let words = Words::about(&["ana.marin@example.com", "Ana Marín", "Example Energy"]);
        weakness(password, &words).is_some()
    }

    #[test]
    fn what_people_choose_is_weak() {
        for password in [
            "",
            "password12",
            "Password1!",
            "P@ssw0rd123",
            "qwertyuiop",
            "1234567890",
            "iloveyou12",
            "aaaaaaaaaa",
            "abcdefghij",
            "letmeinplease",
            "summer2024!",
            "hunter2hunter2",
            "monkey1234567",
            "dragonball1",
            "superman1234",
            "football2020",
            "Winter2025!",
            "ana.marin1990",
            "ExampleEnergy1",
            "example-energy",
            "ana.marin@example.com",
            "zyxwvutsrq",
            "abcabcabcabc",
            "asdfghjkl;",
            "11112222333",
            "Passw0rd!!!",
            "admin12345",
            "drowssap123",
            "changeme123!",
            "welcome2024",
            "1q2w3e4r5t",
        ] {
            assert!(weak(password), "{password}");
        }
    }

    #[test]
    fn what_is_long_or_random_is_not() {
        for password in [
            "correct horse battery staple",
            "another password",
            "planted password",
            "a long and dull passphrase",
            "not the password",
            "x7Kq9!mZpL2w",
            "Tr0ub4dor&3-plum",
            "a quite unlikely sentence",
            "密码太长了所以没有人猜",
            "gr8 wombats knit socks",
        ] {
            assert!(!weak(password), "{password}");
        }
        assert!(!weak(&"é漢aB3$ x".repeat(128)), "only its beginning is looked at");
        assert!(weak(&"a".repeat(1024)));
    }

    #[test]
    fn it_says_why() {
        let words = Words::about(&[]);
        assert!(weakness("aaaaaaaaaaaa", &words).is_some_and(|why| why.contains("repeat")));
        assert!(weakness("abcdefghijkl", &words).is_some_and(|why| why.contains("sequence")));
        assert!(weakness("Password1!", &words).is_some_and(|why| why.contains("common")));
    }
}
