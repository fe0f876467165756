//! The events of the runner itself, which it emits with the macros of `tracing`, as JSON lines.

use super::lines::Lines;
use std::fmt::{Debug, Write as _};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Writes the events of this crate. Spans, and what libraries emit, are not for the log, so they cost
/// nothing as long as no other layer asks for them.
pub(super) struct Events(pub(super) Lines);

impl Events {
    fn wants(metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }
}

impl<S: Subscriber> Layer<S> for Events {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match Self::wants(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        Self::wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            _ => "info",
        };
        let message = fields.message;
        let line = match fields.component {
            Some(component) => serde_json::json!({
                "level": level, "component": component, "message": message,
            }),
            None => serde_json::json!({ "level": level, "message": message }),
        };
        self.0.line(&line.to_string());
    }
}

/// The fields that an event of the runner has: its message, and the component that it is about.
#[derive(Default)]
struct Fields {
    message: String,
    component: Option<String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "component" => self.component = Some(value.to_owned()),
            "message" => value.clone_into(&mut self.message),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing into a string cannot fail.
            let _ = write!(self.message, "{value:?}");
        }
    }
}
