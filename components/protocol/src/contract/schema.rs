//! The schemas of parameters and bodies.

/// The part of JSON Schema that request schemas may use. The build refuses a schema that uses more,
/// so every promise of the contract is checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schema {
    /// Any value.
    Any,
    /// `null`, or a value of the inner schema.
    Nullable(&'static Schema),
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction that fits into 64 bits with sign.
    Integer {
        /// The least value.
        min: Option<i64>,
        /// The greatest value.
        max: Option<i64>,
    },
    /// A number.
    Number {
        /// The least value.
        min: Option<f64>,
        /// The greatest value.
        max: Option<f64>,
    },
    /// A string. Lengths count Unicode scalar values.
    String {
        /// The least length; 0 allows any.
        min_length: usize,
        /// The greatest length.
        max_length: Option<usize>,
        /// The format of the text.
        format: Option<Format>,
        /// Whether it is a name, so that at least one character must be visible (`x-visible`).
        visible: bool,
        /// The only values allowed; empty if every value is allowed.
        one_of: &'static [&'static str],
    },
    /// A list.
    Array {
        /// What each item must be.
        items: &'static Schema,
        /// The least number of items; 0 allows any.
        min_items: usize,
        /// The greatest number of items.
        max_items: Option<usize>,
        /// Whether no two items may be equal.
        unique: bool,
    },
    /// An object.
    Object {
        /// The members it knows.
        properties: &'static [Property],
        /// The schema of all other members; `None` if there may be no others (a closed object).
        /// `Any` beside known members ignores the others.
        additional: Option<&'static Schema>,
        /// The least number of members; 0 allows any.
        min_properties: usize,
        /// At least one of these lists of members must be there in full; empty if none is needed.
        any_of: &'static [&'static [&'static str]],
    },
}

/// A member of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether an error may repeat its value: it is neither secret nor personal.
    pub shown: bool,
    /// What it must be.
    pub schema: &'static Schema,
}

/// The format of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An e-mail address, of which only the shape is checked.
    Email,
    /// A date with time and offset as in RFC 3339.
    DateTime,
    /// An absolute `http` or `https` URI.
    Uri,
}
