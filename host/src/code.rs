//! From the files of a component to code that can run: what the bundle has compiled already, or
//! else what is compiled now.

use crate::composed::compose;
use crate::engine;
use crate::log::Sink;
use crate::options::{Options, Placement};
use crate::wasm::Wasm;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The files of one component.
pub(crate) struct Code {
    /// Its name in the manifest.
    pub(crate) id: String,
    /// What the manifest gives as its source.
    pub(crate) source: Wasm,
    /// Its route component, if it has one.
    pub(crate) route: Option<Wasm>,
}

/// What came of them.
pub(crate) struct Compiled {
    pub(crate) component: Component,
    /// Whether it is to be called by the typed export of a route component.
    pub(crate) typed: bool,
}

impl Code {
    /// Loads or compiles it for the placement of the options. Blocks for up to seconds.
    pub(crate) fn load(
        &self,
        options: &Options,
        engine: &Engine,
        log: &Sink,
    ) -> anyhow::Result<Compiled> {
        let typed = self.route.is_some() && options.placement == Placement::Fused;
        if let Some(bundle) = &options.bundle {
            match bundle.component(engine, &self.id, typed) {
                Ok(component) => return Ok(Compiled { component, typed }),
                Err(error) => {
                    let told = format!("{error:#}; so it is compiled here, which takes seconds");
                    log.event("warn", Some(&self.id), &told);
                }
            }
        }
        let component = match &self.route {
            Some(route) if typed => self.compile(options, engine, route, &route.read()?)?,
            Some(route) => {
                options.tell(&format!("Composing {} with its gateway", self.id));
                let whole = compose(&self.source, route, &options.data)?;
                self.compile(options, engine, &self.source, &whole)?
            }
            None => self.compile(options, engine, &self.source, &self.source.read()?)?,
        };
        Ok(Compiled { component, typed })
    }

    fn compile(
        &self,
        options: &Options,
        engine: &Engine,
        file: &Wasm,
        wasm: &[u8],
    ) -> anyhow::Result<Component> {
        options.tell(&format!("Compiling {}", self.id));
        engine::compile(engine, file, wasm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Bundle;
    use crate::log::Log;
    use crate::options::Limits;
    use parking_lot::Mutex;
    use std::path::Path;
    use std::sync::Arc;

    /// The smallest component.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
    const FILE: &str = "empty.wasm";

    /// Loads a component whose compiled code in the bundle is this; returns the log.
    fn load(compiled: Option<&[u8]>) -> Vec<String> {
        let mut files = vec![(FILE, EMPTY)];
        files.extend(compiled.map(|code| ("compiled/composed/empty.cwasm", code)));
        let bundle = Bundle::of(&files);
        let data = std::env::temp_dir().join(format!("tenantry-code-{}", std::process::id()));
        let engine = engine::new(&Limits::default(), 1, &data).expect("an engine");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Sink::open(&Log::Memory(lines.clone())).expect("a log");
        let source = Wasm::find(Path::new(FILE), &data, Some(&bundle)).expect("found");
        let code = Code { id: "empty".to_owned(), source, route: None };
        let options = Options { bundle: Some(bundle), data, ..Options::default() };
        let loaded = code.load(&options, &engine, &log).expect("loaded or compiled");
        assert!(!loaded.typed);
        lines.lock().clone()
    }

    fn precompiled(config: &wasmtime::Config) -> Vec<u8> {
        Engine::new(config).and_then(|engine| engine.precompile_component(EMPTY)).expect("compiled")
    }

    #[test]
    fn code_that_fits_is_not_compiled_again() {
        assert_eq!(load(Some(&precompiled(&engine::config()))), Vec::<String>::new());
    }

    /// Code for other settings, cut short, none of it at all: compiled here.
    #[test]
    fn what_does_not_fit_is_compiled() {
        let whole = precompiled(&engine::config());
        let mut other_settings = engine::config();
        other_settings.epoch_interruption(false);
        for (code, why) in [
            (Some(precompiled(&other_settings)), "epoch interruption"),
            (Some(whole[..whole.len() / 2].to_vec()), "does not fit"),
            (Some(b"nothing of the kind".to_vec()), "does not fit"),
            (None, "is not in this program"),
        ] {
            let [line] = &load(code.as_deref())[..] else { panic!("{why}: one line") };
            assert!(line.contains(why) && line.contains("compiled here"), "{line}");
        }
    }
}
