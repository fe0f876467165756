//! Reads `spin.toml`, version 2, unchanged. A key that this host does not know or does not support
//! is an error that names the file and the key. Nothing is ignored, because nobody would notice
//! that a grant or a limit was dropped.

use crate::config::bundle::{Bundle, MANIFEST};
use crate::config::options::Options;
use crate::config::variables::{Variable, check_name};
use crate::config::wasm::Wasm;
use anyhow::{Context as _, bail, ensure};
use indexmap::IndexMap;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The only dependency that a function may have: its route component.
pub(crate) const ROUTE: &str = "tenantry:platform/route@1.0.0";

/// A manifest that was read and checked.
pub(crate) struct Manifest {
    /// The path of the file, for messages.
    pub(crate) path: PathBuf,
    /// The directory that the relative paths in the manifest start from.
    pub(crate) directory: PathBuf,
    /// The bundle that holds the manifest; `None` if the manifest is a file on the disk.
    bundle: Option<Bundle>,
    file: File,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    spin_manifest_version: u32,
    #[expect(dead_code, reason = "read so that a misspelt key is told from a known one")]
    application: Application,
    #[serde(default)]
    variables: IndexMap<String, Variable>,
    #[serde(default)]
    trigger: Triggers,
    #[serde(default)]
    component: IndexMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that a misspelt key is told from a known one")]
struct Application {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    authors: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    #[serde(default)]
    http: Vec<HttpTrigger>,
}

/// A route and the component that answers it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpTrigger {
    /// `/exact` or `/prefix/...`.
    pub(crate) route: String,
    /// The component.
    pub(crate) component: String,
}

/// A component and everything that it may reach.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    /// The WebAssembly file.
    pub(crate) source: PathBuf,
    #[serde(default)]
    #[expect(dead_code, reason = "for people")]
    description: String,
    /// Its variables, as templates over the application's variables.
    #[serde(default)]
    pub(crate) variables: IndexMap<String, String>,
    /// Labels of the key-value stores that it may open.
    #[serde(default)]
    pub(crate) key_value_stores: Vec<String>,
    /// Labels of the databases that it may open.
    #[serde(default)]
    pub(crate) sqlite_databases: Vec<String>,
    /// Hosts that it may send requests to.
    #[serde(default)]
    pub(crate) allowed_outbound_hosts: Vec<String>,
    /// How it is built.
    pub(crate) build: Option<Build>,
    #[serde(default)]
    dependencies_inherit_configuration: bool,
    #[serde(default)]
    dependencies: IndexMap<String, Dependency>,
}

/// How a component is built.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Build {
    /// A shell command, or several in order.
    pub(crate) command: Commands,
    /// Where it runs, relative to the manifest.
    #[serde(default)]
    pub(crate) workdir: PathBuf,
    #[serde(default)]
    #[expect(dead_code, reason = "for `spin watch`")]
    watch: Vec<String>,
}

/// One command or several.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Commands {
    /// One.
    One(String),
    /// Several, in order.
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dependency {
    path: PathBuf,
    export: Option<String>,
    inherit_configuration: Option<bool>,
}

impl Manifest {
    /// The manifest of a server, from its bundle or from a file.
    pub(crate) fn of(options: &Options) -> anyhow::Result<Self> {
        let Some(bundle) = &options.bundle else { return Self::read(&options.manifest) };
        let path = Path::new(MANIFEST);
        let file = crate::config::toml_file::parse(path, &bundle.manifest()?)?;
        Self::checked(path, file, Some(bundle.clone()))
    }

    /// Reads and checks the manifest `path`. Does not check that the WebAssembly files exist,
    /// because they may not be built yet.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let file = crate::config::toml_file::read(path, "the manifest (--from)")?;
        Self::checked(path, file, None)
    }

    fn checked(path: &Path, file: File, bundle: Option<Bundle>) -> anyhow::Result<Self> {
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let manifest = Self { path: path.to_owned(), directory, bundle, file };
        manifest.check().with_context(|| path.display().to_string())?;
        Ok(manifest)
    }

    fn check(&self) -> anyhow::Result<()> {
        let version = self.file.spin_manifest_version;
        ensure!(version == 2, "spin_manifest_version is {version}; only 2 is supported");
        for (name, variable) in &self.file.variables {
            check_name(name).with_context(|| format!("[variables] {name}"))?;
            ensure!(
                variable.required != variable.default.is_some(),
                "[variables] {name}: needs either `default` or `required = true`"
            );
        }
        for trigger in &self.file.trigger.http {
            ensure!(
                self.file.component.contains_key(&trigger.component),
                "[[trigger.http]] route {:?}: there is no component {:?}",
                trigger.route,
                trigger.component
            );
        }
        for (id, component) in &self.file.component {
            for name in component.variables.keys() {
                check_name(name).with_context(|| format!("[component.{id}.variables] {name}"))?;
            }
            for (name, dependency) in &component.dependencies {
                let key = format!("[component.{id}.dependencies] {name:?}");
                ensure!(name == ROUTE, "{key}: not supported; only {ROUTE:?} is");
                ensure!(
                    dependency.export.as_deref().is_none_or(|export| export == ROUTE),
                    "{key}: `export` must be {ROUTE:?} or be left out"
                );
                let inherits = dependency.inherit_configuration;
                if !inherits.unwrap_or(component.dependencies_inherit_configuration) {
                    bail!(
                        "{key}: the route component gets nothing unless it inherits; set \
                         `dependencies_inherit_configuration = true` in [component.{id}]"
                    );
                }
            }
        }
        Ok(())
    }

    /// The application's variables.
    pub(crate) fn variables(&self) -> &IndexMap<String, Variable> {
        &self.file.variables
    }

    /// The routes, in the order of the file.
    pub(crate) fn routes(&self) -> &[HttpTrigger] {
        &self.file.trigger.http
    }

    /// The components called `names`, or all when `names` is empty, in the order of the file.
    pub(crate) fn components(&self, names: &[String]) -> anyhow::Result<Vec<(&str, &Component)>> {
        for name in names {
            ensure!(
                self.file.component.contains_key(name),
                "{}: there is no component {name:?}; it has {}",
                self.path.display(),
                self.file.component.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
            );
        }
        let chosen = |id: &str| names.is_empty() || names.iter().any(|name| name == id);
        let all = self.file.component.iter();
        Ok(all
            .map(|(id, component)| (id.as_str(), component))
            .filter(|(id, _)| chosen(id))
            .collect())
    }

    /// The component's WebAssembly file.
    pub(crate) fn source(&self, id: &str, component: &Component) -> anyhow::Result<Wasm> {
        self.existing(&component.source, &format!("[component.{id}] source"))
    }

    /// The file of its route component, if it has one.
    pub(crate) fn route(&self, id: &str, component: &Component) -> anyhow::Result<Option<Wasm>> {
        let Some(dependency) = component.dependencies.get(ROUTE) else { return Ok(None) };
        let key = format!("[component.{id}.dependencies] {ROUTE:?} path");
        self.existing(&dependency.path, &key).map(Some)
    }

    fn existing(&self, path: &Path, key: &str) -> anyhow::Result<Wasm> {
        Wasm::find(path, &self.directory, self.bundle.as_ref())
            .with_context(|| format!("{}: {key}", self.path.display()))
    }
}
