//! The members that are shown of an object: `fields`, and related objects in place (K-30, K-31).

use protocol::case::snake;

use super::names::{bracketed, list};
use super::problems::{Problems, Refused};
use crate::contract::{Field, RelationTarget, Resource};

/// The members that are shown of each object.
#[derive(Debug, Default)]
pub struct View {
    /// Only these fields, and the id; `None` shows all fields.
    pub fields: Option<Vec<&'static str>>,
    /// Relations whose objects are shown too, with the field that holds their ids.
    pub expand: Vec<(&'static Field, &'static RelationTarget)>,
    /// Only these fields of related objects, by collection.
    pub related: Vec<(&'static str, Vec<&'static str>)>,
}

impl View {
    /// Reads the query parameters of a request for one object.
    ///
    /// # Errors
    /// Everything that is wrong with the parameters.
    pub fn parse(resource: &'static Resource, given: &[(&str, &str)]) -> Result<Self, Refused> {
        let mut problems = Problems::default();
        let mut view = Self::default();
        for (index, (name, value)) in given.iter().enumerate() {
            if given[..index].iter().any(|(known, _)| known == name) {
                problems.unknown(name, "REPEATED_PARAMETER", "Must be given once only.");
            } else if !view.take(resource, name, value, &mut problems) {
                let message = "Is not a parameter of this operation. It knows fields and expand.";
                problems.unknown(name, "UNKNOWN_PARAMETER", message);
            }
        }
        problems.result(view)
    }

    /// Whether the whole object is shown, without a choice by the client.
    pub fn is_whole(&self) -> bool {
        self.fields.is_none() && self.expand.is_empty()
    }

    /// Whether a field is shown.
    pub fn shows(&self, field: &Field) -> bool {
        !field.secret
            && (field.name == "id"
                || self.fields.as_ref().is_none_or(|fields| fields.contains(&field.name)))
    }

    /// Whether a field of a related object is shown.
    pub fn shows_related(&self, resource: &Resource, field: &Field) -> bool {
        let chosen = self.related.iter().find(|(name, _)| *name == resource.collection);
        !field.secret
            && (field.name == "id" || chosen.is_none_or(|(_, fields)| fields.contains(&field.name)))
    }

    pub(super) fn take(
        &mut self,
        resource: &'static Resource,
        name: &str,
        text: &str,
        problems: &mut Problems,
    ) -> bool {
        match name {
            "fields" => self.fields = Some(fields(resource, name, text, problems)),
            "expand" | "include" | "embed" => self.relations(resource, name, text, problems),
            _ => {
                let Some(collection) = bracketed(name, "fields") else { return false };
                let relations = resource.fields.iter().filter_map(|field| field.relation);
                let mut targets = relations.map(|relation| relation.resource);
                let own = collection == resource.collection;
                // A collection may be related to itself: a user's manager is a user too.
                let Some(target) = targets.find(|it| it.collection == collection) else {
                    if own {
                        self.fields = Some(fields(resource, name, text, problems));
                    } else {
                        let message = "Names a collection that is not related to this one.";
                        problems.unknown(name, "UNKNOWN_PARAMETER", message);
                    }
                    return true;
                };
                let chosen = fields(target, name, text, problems);
                self.fields = own.then(|| chosen.clone()).or(self.fields.take());
                self.related.push((target.collection, chosen));
            }
        }
        true
    }

    fn relations(
        &mut self,
        resource: &'static Resource,
        parameter: &str,
        text: &str,
        problems: &mut Problems,
    ) {
        let known = || {
            let related = |field: &'static Field| Some((field, field.relation?));
            resource.fields.iter().filter_map(related)
        };
        // An empty text names no relation (JSON:API 1.1, "Inclusion of Related Resources").
        for name in text.split(',').filter(|_| !text.is_empty()) {
            match known().find(|(_, to)| to.name == name || to.name == snake(name)) {
                Some((field, to)) if self.expand.iter().all(|(known, _)| *known != field) => {
                    self.expand.push((field, to));
                }
                Some(_) => {}
                None => {
                    let known = list(known().map(|(_, to)| to.name));
                    let message = match known.as_str() {
                        "" => "Objects of this collection have no relations.".to_owned(),
                        known => format!("Related are: {known}."),
                    };
                    problems.unknown(parameter, "UNKNOWN_RELATION", message);
                }
            }
        }
    }
}

fn fields(
    resource: &'static Resource,
    parameter: &str,
    text: &str,
    problems: &mut Problems,
) -> Vec<&'static str> {
    let mut found = Vec::new();
    // An empty text names no field (JSON:API 1.1, "Sparse Fieldsets").
    for name in text.split(',').filter(|_| !text.is_empty()) {
        let field = resource.field(name).or_else(|| resource.field(&snake(name)));
        // In JSON:API a relationship is a field too, under its own name.
        let related = |field: &&Field| field.relation.is_some_and(|to| to.name == snake(name));
        let field = field.or_else(|| resource.fields.iter().find(related));
        match field.filter(|field| !field.secret) {
            Some(field) => found.push(field.name),
            None => {
                let known = list(resource.fields.iter().filter(|it| !it.secret).map(|it| it.name));
                problems.unknown(parameter, "UNKNOWN_FIELD", format!("Fields are: {known}."));
            }
        }
    }
    found
}
