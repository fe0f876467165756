//! Composes a component with its route component, as Spin does it. The route's export satisfies the
//! component's import. Everything that the route imports becomes an import of the whole, because
//! the route inherits the configuration.

use crate::config::manifest::ROUTE;
use crate::config::wasm::Wasm;
use crate::system::atomic_file::write_whole;
use anyhow::{Context as _, anyhow, ensure};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::Path;
use wac_graph::types::{Package, SubtypeChecker};
use wac_graph::{CompositionGraph, EncodeOptions};

/// Composes the two files, or reads the result of an earlier composition under `data`.
pub(crate) fn compose(gateway: &Wasm, route: &Wasm, data: &Path) -> anyhow::Result<Vec<u8>> {
    let (outer, inner) = (gateway.read()?, route.read()?);
    let mut hash = Sha256::new();
    for part in [concat!("compose ", env!("CARGO_PKG_VERSION")).as_bytes(), &outer, &inner] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let name = hex::encode(hash.finalize());
    let file = data.join("cache").join("composed").join(format!("{name}.wasm"));
    if file.is_file() {
        return std::fs::read(&file).with_context(|| file.display().to_string());
    }
    let composed =
        join(outer, inner).with_context(|| format!("{gateway} cannot be composed with {route}"))?;
    write_whole(&file, |mut to| Ok(to.write_all(&composed)?))?;
    Ok(composed)
}

fn join(outer: Vec<u8>, inner: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let outer = Package::from_bytes("tenantry:gateway", None, outer, graph.types_mut())?;
    let inner = Package::from_bytes("tenantry:route", None, inner, graph.types_mut())?;
    let (outer_world, inner_world) = (outer.ty(), inner.ty());
    let types = graph.types();
    let wanted = *types[outer_world]
        .imports
        .get(ROUTE)
        .ok_or_else(|| anyhow!("the first does not import {ROUTE}"))?;
    let offered = *types[inner_world]
        .exports
        .get(ROUTE)
        .ok_or_else(|| anyhow!("the second does not export {ROUTE}"))?;
    SubtypeChecker::new(&mut Default::default())
        .is_subtype(offered, types, wanted, types)
        .with_context(|| {
            format!("{ROUTE} was built from another version of wit/ in one of them")
        })?;
    let exports: Vec<String> = types[outer_world].exports.keys().cloned().collect();
    ensure!(!exports.is_empty(), "the first exports nothing");
    let outer = graph.register_package(outer)?;
    let inner = graph.register_package(inner)?;
    let outer = graph.instantiate(outer);
    let inner = graph.instantiate(inner);
    let route = graph.alias_instance_export(inner, ROUTE)?;
    graph.set_instantiation_argument(outer, ROUTE, route)?;
    for name in exports {
        let export = graph.alias_instance_export(outer, &name)?;
        graph.export(export, &name)?;
    }
    Ok(graph.encode(EncodeOptions::default())?)
}
