//! Turns the files of a component into code that can run. `compose.rs` joins a gateway with its
//! function if needed. If the bundle has fitting compiled code, then that is loaded; otherwise
//! `compile.rs` compiles the files. `cache.rs` keeps the code in files, and `machine_code.rs` loads it.

mod cache;
pub(crate) mod compile;
mod compose;
pub(crate) mod machine_code;

use crate::config::options::{Options, Placement};
use crate::config::wasm::Wasm;
use crate::system::log::Sink;
use anyhow::Context as _;
use cache::Cache;
use compose::compose;
use std::io::Write as _;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The files of one component.
pub(crate) struct Code {
    /// Its name in the manifest.
    pub(crate) id: String,
    /// The WebAssembly file that the manifest gives as its source.
    pub(crate) source: Wasm,
    /// Its route component, if it has one.
    pub(crate) route: Option<Wasm>,
}

/// A compiled component.
pub(crate) struct Compiled {
    pub(crate) component: Component,
    /// Whether the component is called by the typed export of a route component.
    pub(crate) typed: bool,
}

impl Code {
    /// Loads or compiles the component for the placement in the options. Blocks for up to seconds.
    pub(crate) fn load(
        &self,
        options: &Options,
        engine: &Engine,
        log: &Sink,
    ) -> anyhow::Result<Compiled> {
        let cache = Cache::of(&options.data);
        let compile = |file: &Wasm, wasm: &[u8]| {
            let made = cache.load(engine, wasm, |to| {
                options.report_progress(&format!("Compiling {}", self.id));
                compile::compile(engine, options.compiler.as_deref(), wasm, to, |error| {
                    let told = format!(
                        "a process of its own could not compile it: {error:#}; so this one does, and \
                         keeps some of the memory for that"
                    );
                    log.emit(|| tracing::warn!(component = self.id, "{told}"));
                })
            });
            made.with_context(|| format!("{file} is not a WebAssembly component that can run here"))
        };
        if let Some(route) = &self.route
            && options.placement == Placement::Composed
        {
            options.report_progress(&format!("Composing {} with its gateway", self.id));
            let whole = compose(&self.source, route, &options.data)?;
            return Ok(Compiled { component: compile(&self.source, &whole)?, typed: false });
        }
        let file = self.route.as_ref().unwrap_or(&self.source);
        let ready = options.bundle.as_ref().map(|bundle| {
            let code = machine_code::name(file.name());
            let packed = bundle.packed(&code)?;
            cache.load(engine, packed, |mut to| Ok(to.write_all(&bundle.read(&code)?)?))
        });
        let component = match ready {
            Some(Ok(component)) => component,
            Some(Err(error)) => {
                let told = format!("{error:#}; so it is compiled now, which takes seconds");
                log.emit(|| tracing::warn!(component = self.id, "{told}"));
                compile(file, &file.read()?)?
            }
            None => compile(file, &file.read()?)?,
        };
        Ok(Compiled { component, typed: self.route.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::bundle::Bundle;
    use crate::config::options::Limits;
    use crate::guest::engine;
    use crate::system::log::Log;
    use parking_lot::Mutex;
    use std::path::Path;
    use std::sync::Arc;

    /// The smallest component.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
    const FILE: &str = "empty.wasm";

    /// Loads a component that has `compiled` as its compiled code in the bundle, and otherwise is
    /// compiled by `compiler`; returns the log.
    fn load(compiled: Option<&[u8]>, compiler: Option<&str>) -> Vec<String> {
        let mut files = vec![(FILE, EMPTY)];
        files.extend(compiled.map(|code| ("compiled/empty.wasm", code)));
        let bundle = Bundle::of(&files);
        // Its own, because other tests load the same component at the same time.
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().to_owned();
        let engine = engine::new(&Limits::default(), 1).expect("an engine");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Sink::open(&Log::Memory(lines.clone())).expect("a log");
        let source = Wasm::find(Path::new(FILE), &data, Some(&bundle)).expect("found");
        let code = Code { id: "empty".to_owned(), source, route: None };
        let compiler = compiler.map(Into::into);
        let options = Options { bundle: Some(bundle), data, compiler, ..Options::default() };
        let loaded = code.load(&options, &engine, &log).expect("loaded or compiled");
        assert!(!loaded.typed);
        lines.lock().clone()
    }

    fn precompiled(config: &wasmtime::Config) -> Vec<u8> {
        Engine::new(config).and_then(|engine| engine.precompile_component(EMPTY)).expect("compiled")
    }

    #[test]
    fn code_that_fits_is_not_compiled_again() {
        assert_eq!(load(Some(&precompiled(&engine::config())), None), Vec::<String>::new());
    }

    /// Compiled code that is made for other settings, cut short or absent is not used: the
    /// component is compiled here.
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
            let [line] = &load(code.as_deref(), None)[..] else { panic!("{why}: one line") };
            assert!(line.contains(why) && line.contains("compiled now"), "{line}");
        }
    }

    /// A compiler that cannot be started, or that fails, is told of, and the component is there.
    #[test]
    fn this_process_compiles_if_no_other_can() {
        for compiler in ["/nowhere/tenantry", "/bin/false"] {
            let lines = load(None, Some(compiler));
            assert!(lines.iter().any(|line| line.contains("so this one does")), "{lines:?}");
        }
    }
}
