//! The neighbours and numbers of a page. The gateway shows them as each representation does.

/// The neighbours of a page, as query strings, and its numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The first page.
    pub first: Option<String>,
    /// The page before this one.
    pub prev: Option<String>,
    /// The page behind this one.
    pub next: Option<String>,
    /// The last page, which is known only if pages are counted.
    pub last: Option<String>,
    /// The greatest number of items of a page. It and the following are known only if the page was
    /// asked for by offset or number.
    pub limit: Option<u64>,
    /// The number of items before this page.
    pub offset: Option<u64>,
    /// The number of items of all pages.
    pub total: Option<u64>,
}

impl Page {
    /// The headers that tell of this page.
    pub fn headers(self) -> impl Iterator<Item = (String, String)> {
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let all = [
            ("x-total-count", number(self.total)),
            ("x-page-limit", number(self.limit)),
            ("x-page-offset", number(self.offset)),
            ("link-first", self.first),
            ("link-last", self.last),
            ("link-next", self.next),
            ("link-prev", self.prev),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }

    /// Takes one header of an answer. Returns whether clients do not see it: they see the numbers,
    /// and the links in the form of their representation.
    pub fn take(&mut self, name: &str, value: &str) -> bool {
        let link = match name {
            "link-first" => &mut self.first,
            "link-prev" => &mut self.prev,
            "link-next" => &mut self.next,
            "link-last" => &mut self.last,
            _ => {
                match name {
                    "x-page-limit" => self.limit = value.parse().ok(),
                    "x-page-offset" => self.offset = value.parse().ok(),
                    "x-total-count" => self.total = value.parse().ok(),
                    _ => {}
                }
                return false;
            }
        };
        *link = Some(value.to_owned());
        true
    }
}
