//! The WebAssembly engine: its settings, instance slots, and the epoch clock that makes guests yield.

use crate::config::options::Limits;
use std::time::Duration;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// The length of an epoch, the unit in which a guest's computing turn is counted.
const TICK: Duration = Duration::from_millis(10);
/// The least and the most linear memories of all instances together. Each reserves 4 GiB of address
/// space. One component may have [`OF_COMPONENT`].
const MEMORIES: (usize, usize) = (OF_COMPONENT, 1024);
const OF_COMPONENT: usize = 8;

/// The settings that compiled code depends on. Code runs only on an engine with the same settings
/// as those that it was compiled with.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config.wasm_component_model_async(true).epoch_interruption(true);
    config
}

/// Makes an engine for `components` components.
pub(crate) fn new(limits: &Limits, components: usize) -> anyhow::Result<Engine> {
    // A composed component has two memories: the gateway's and the route's. The number is doubled
    // once more, because an instance that has just answered may not be released yet when the next
    // one is made.
    let memories = (limits.max_instances * components * 4).clamp(MEMORIES.0, MEMORIES.1);
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
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
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
