//! The words that an attacker tries first.

use std::collections::HashMap;

/// The shortest word that is taken from the context, in characters.
const WORD: usize = 3;

const COMMON: &str = include_str!("common.txt");

/// Words with their rank: the first word that an attacker tries has rank 1.
pub(crate) struct Words(HashMap<String, usize>);

impl Words {
    /// The common words, and before them the words of the context, such as e-mail address and
    /// names.
    pub(crate) fn about(context: &[&str]) -> Self {
        let common = COMMON.lines().enumerate().map(|(at, word)| (word.to_owned(), at + 1));
        let mut words: HashMap<_, _> = common.collect();
        for text in context {
            let text = text.to_lowercase();
            let pieces = text.split(|c: char| !c.is_alphanumeric());
            let whole: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            // The part of an e-mail address before the @.
            let local = text.split('@').next().unwrap_or_default().to_owned();
            let pieces = pieces.map(str::to_owned).chain([text.clone(), whole, local]);
            words.extend(pieces.filter(|piece| piece.chars().count() >= WORD).map(|it| (it, 1)));
        }
        Self(words)
    }

    /// The rank of a word.
    pub(super) fn rank(&self, word: &str) -> Option<usize> {
        self.0.get(word).copied()
    }
}
