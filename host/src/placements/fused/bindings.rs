//! `tenantry:platform`, as the host sees it.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "function",
    exports: { default: async | store },
});
