//! The WebAssembly engine: compiled code, instance slots, and the epoch clock that makes guests
//! yield.

use crate::config::options::Limits;
use anyhow::Context as _;
use std::fmt;
use std::path::Path;
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
};

/// The length of an epoch, the unit in which a guest's computing turn is counted.
const TICK: Duration = Duration::from_millis(10);
/// The most linear memories of all instances together. Each reserves 4 GiB of address space.
const MEMORIES: usize = 1024;

/// The settings that compiled code depends on. Code runs only on an engine with the same settings
/// as those that it was compiled with.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config.wasm_component_model_async(true).epoch_interruption(true);
    config
}

/// Makes an engine for `components` components. It caches compiled code under `data`.
pub(crate) fn new(limits: &Limits, components: usize, data: &Path) -> anyhow::Result<Engine> {
    // A composed component has two memories: the gateway's and the route's. The number is doubled
    // once more, because an instance that has just answered may not be released yet when the next
    // one is made.
    let memories = (limits.max_instances * components.max(1) * 4 + 16).min(MEMORIES);
    let slots = |each: usize| u32::try_from(memories * each).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.max_memory_size(limits.memory)
        .total_memories(slots(1))
        .total_component_instances(slots(1))
        .total_core_instances(slots(8))
        .total_tables(slots(4))
        .total_stacks(slots(2))
        .max_memories_per_component(8)
        .max_tables_per_component(64)
        .max_core_instances_per_component(64)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(20_000)
        .max_unused_warm_slots(slots(1));
    let mut cache = CacheConfig::new();
    cache.with_directory(std::path::absolute(data.join("cache").join("compiled"))?);
    let mut config = config();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .cache(Some(Cache::new(cache)?));
    let engine = Engine::new(&config)?;
    tick(&engine)?;
    Ok(engine)
}

/// Advances the epoch until the engine is dropped.
fn tick(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}

/// Compiles the component `name`, or loads it from the cache. Blocks for up to seconds.
pub(crate) fn compile(
    engine: &Engine,
    name: &impl fmt::Display,
    wasm: &[u8],
) -> anyhow::Result<Component> {
    Component::new(engine, wasm)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("{name} is not a WebAssembly component that can run here"))
}
