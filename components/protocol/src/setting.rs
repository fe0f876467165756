//! Reads the texts of settings, which are Spin variables. `spin.toml` declares each setting with
//! its default; the one place that reads a setting says which texts it takes.
//!
//! The errors are sentences for the operator. They name the variable, its wrong text, and what it
//! takes.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A text that is not blank, without the spaces around it.
///
/// # Errors
/// The variable is not set, or blank.
pub fn text(name: &str, given: Option<String>) -> Result<String, String> {
    let text = given.unwrap_or_default().trim().to_owned();
    match text.is_empty() {
        true => Err(format!(
            "variable {name}: is not set; [variables] in spin.toml has its default, and \
             [component.<function>.variables] gives it to the function"
        )),
        false => Ok(text),
    }
}

/// A whole number.
///
/// # Errors
/// The variable is not set, or is not a whole number within `range`.
pub fn number(
    name: &str,
    given: Option<String>,
    range: RangeInclusive<u32>,
) -> Result<u32, String> {
    let text = text(name, given)?;
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = range.into_inner();
        match most {
            u32::MAX => format!("variable {name}: '{text}' is not a whole number from {least} on"),
            _ => format!("variable {name}: '{text}' is not a whole number from {least} to {most}"),
        }
    })
}

/// A value of a type of its own; `None` if the variable is not set, or blank.
///
/// # Errors
/// The type does not take the text.
pub fn value<T: FromStr<Err: Display>>(
    name: &str,
    given: Option<String>,
) -> Result<Option<T>, String> {
    text(name, given).ok().map(|text| parsed(name, &text)).transpose()
}

/// Values that are separated by commas; none if the variable is not set.
///
/// # Errors
/// The type does not take one of the texts.
pub fn list<T: FromStr<Err: Display>>(name: &str, given: Option<String>) -> Result<Vec<T>, String> {
    let given = given.unwrap_or_default();
    let items = given.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| parsed(name, item)).collect()
}

fn parsed<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|why| format!("variable {name}: '{text}' {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(number("life", given(" 15 "), 1..=15), Ok(15));
        for wrong in ["0", "16", "-1", "1.5", "x", "0x1"] {
            let why = format!("variable life: '{wrong}' is not a whole number from 1 to 15");
            assert_eq!(number("life", given(wrong), 1..=15), Err(why));
        }
        let open = number("life", given("0"), 1..=u32::MAX);
        assert!(open.is_err_and(|why| why.ends_with("is not a whole number from 1 on")));
    }

    #[test]
    fn what_is_not_set_is_never_a_default() {
        for unset in [None, given(""), given("  ")] {
            assert!(number("life", unset.clone(), 0..=9).is_err());
            assert!(text("life", unset.clone()).is_err_and(|why| why.contains("is not set")));
            assert_eq!(value::<u8>("life", unset.clone()), Ok(None));
            assert_eq!(list::<u8>("life", unset), Ok(vec![]));
        }
    }

    #[test]
    fn each_item_of_a_list_is_read() {
        assert_eq!(list("ports", given("1, 2,,3")), Ok(vec![1_u8, 2, 3]));
        let why = list::<u8>("ports", given("1,300"));
        assert!(why.is_err_and(|why| why.starts_with("variable ports: '300' ")));
    }
}
