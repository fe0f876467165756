//! The names of the four forms.

/// One of the four forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Profile {
    #[default]
    Native,
    Envelope,
    Camel,
    JsonApi,
}

impl Profile {
    /// The profiles of `application/json`.
    pub(super) const OF_JSON: [Self; 3] = [Self::Native, Self::Envelope, Self::Camel];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Envelope => "envelope",
            Self::Camel => "camel",
            Self::JsonApi => "json-api",
        }
    }

    /// The profile of `application/json` with this name.
    pub(super) fn of_json(name: &str) -> Option<Self> {
        Self::OF_JSON.into_iter().find(|profile| profile.name() == name)
    }
}
