//! Exchanges, as tests look at them.

use http::{HeaderMap, Method};
use serde_json::Value;

/// A request and its answer.
#[derive(Debug)]
pub struct Exchange {
    pub method: Method,
    pub path: String,
    pub sent: Option<String>,
    pub status: u16,
    pub headers: HeaderMap,
    /// The body if it is JSON, or else null.
    pub body: Value,
    pub text: String,
}

impl Exchange {
    /// The exchange itself. It must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {}: {}", self.method, self.path, self.text);
        self
    }

    /// The exchange itself. It must be a refusal with this status and this error code of the
    /// registry.
    #[track_caller]
    pub fn refused(self, status: u16, error: &str) -> Self {
        let this = self.expect(status);
        assert_eq!(this.error(), error, "{}", this.text);
        this
    }

    /// The native code of the error, in whatever form the answer is: the documentation page of a
    /// code is named after it.
    pub fn error(&self) -> &'static str {
        let told = match &self.body["error"] {
            Value::String(name) => name.clone(),
            error => {
                let page = error["documentation_url"].as_str();
                page.or(self.body["errors"][0]["meta"]["error"].as_str())
                    .unwrap_or_default()
                    .to_owned()
            }
        };
        let told = told.rsplit('/').next().unwrap();
        let rows = gateway::Code::ALL.iter().map(|code| code.row());
        let row = rows.into_iter().find(|row| row.name == told || row.screaming == told);
        row.map_or("", |row| row.name)
    }

    /// A member of the error's details, by its native name.
    pub fn detail(&self, name: &str) -> &Value {
        let camel = name.split('_').enumerate().map(|(index, part)| match index {
            0 => part.to_owned(),
            _ => part[..1].to_uppercase() + &part[1..],
        });
        match &self.body["error"] {
            Value::Object(error) => &error["details"][&camel.collect::<String>()],
            _ => &self.body["details"][name],
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The `pointer code` pairs of `details.fields`.
    pub fn violations(&self) -> Vec<String> {
        let fields = self.body["details"]["fields"].as_array().cloned().unwrap_or_default();
        let text = |field: &Value, name: &str| field[name].as_str().unwrap_or_default().to_owned();
        fields.iter().map(|f| format!("{} {}", text(f, "pointer"), text(f, "code"))).collect()
    }

    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }
}
