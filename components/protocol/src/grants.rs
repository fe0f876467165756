//! What a caller may do and is. It is one text, so that handing it to a function costs one copy
//! instead of one for each scope.

/// Scopes, roles and plan of a caller (`tenancy.caller.grants`), with a space between. A scope
/// stands as it is (RFC 6749 section 3.3), a role behind `role/`, and the plan behind `plan/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(String);

const ROLE: &str = "role/";
const PLAN: &str = "plan/";

impl Grants {
    /// The grants with these names. A name with a space or a slash could be read as another grant,
    /// so it grants nothing.
    pub fn new<'a>(
        scopes: impl IntoIterator<Item = &'a str>,
        roles: impl IntoIterator<Item = &'a str>,
        plan: Option<&'a str>,
    ) -> Self {
        let scopes = scopes.into_iter().map(|name| ("", name));
        let roles = roles.into_iter().map(|name| (ROLE, name));
        let plan = plan.into_iter().map(|name| (PLAN, name));
        let mut text = String::new();
        for (kind, name) in scopes.chain(roles).chain(plan) {
            if name.is_empty() || name.contains([' ', '/']) {
                continue;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(kind);
            text.push_str(name);
        }
        Self(text)
    }

    /// Whether a scope is among them.
    pub fn has_scope(&self, name: &str) -> bool {
        !name.is_empty() && !name.contains('/') && self.0.split(' ').any(|grant| grant == name)
    }

    /// The roles.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter_map(|grant| grant.strip_prefix(ROLE))
    }

    /// The plan of the tenant.
    pub fn plan(&self) -> Option<&str> {
        self.0.split(' ').find_map(|grant| grant.strip_prefix(PLAN))
    }
}

impl From<String> for Grants {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Grants> for String {
    fn from(grants: Grants) -> Self {
        grants.0
    }
}

#[cfg(test)]
mod tests {
    use super::Grants;

    #[test]
    fn grants_are_told_apart() {
        let grants = Grants::new(["a:read", "b:write"], ["owner", "x"], Some("free"));
        assert!(grants.has_scope("a:read") && grants.has_scope("b:write"));
        for other in ["a", "owner", "free", "role/owner", "plan/free", "a:read b:write", ""] {
            assert!(!grants.has_scope(other), "{other}");
        }
        assert_eq!(grants.roles().collect::<Vec<_>>(), ["owner", "x"]);
        assert_eq!(grants.plan(), Some("free"));
        let none = Grants::default();
        assert_eq!((none.roles().count(), none.plan()), (0, None));
        assert!(!none.has_scope(""));
    }

    #[test]
    fn no_name_becomes_another_grant() {
        let grants = Grants::new(["role/owner", "a b", ""], ["x role/owner", ""], Some("y z"));
        assert_eq!(grants, Grants::default());
    }
}
