//! The interface as the host sees it. Its resource has no content here, see
//! `guest/interfaces/table.rs`.

wasmtime::component::bindgen!({
    path: "wit/spin-sqlite.wit",
    world: "host",
    imports: {
        "spin:sqlite/sqlite.[static]connection.open": trappable,
        "spin:sqlite/sqlite.[drop]connection": trappable,
        default: async | trappable,
    },
});

pub(crate) use spin::sqlite::sqlite::*;
