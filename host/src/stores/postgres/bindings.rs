//! The interface as the host sees it. Its resources have no content here, see
//! `guest/interfaces/table.rs`.

wasmtime::component::bindgen!({
    path: "wit/spin-postgres.wit",
    world: "host",
    imports: {
        "spin:postgres/postgres.[constructor]connection-builder": trappable,
        "spin:postgres/postgres.[method]connection-builder.set-ca-root": trappable,
        "spin:postgres/postgres.[method]connection-builder.build": trappable,
        "spin:postgres/postgres.[drop]connection-builder": trappable,
        "spin:postgres/postgres.[static]connection.open": trappable,
        "spin:postgres/postgres.[drop]connection": trappable,
        default: async | trappable,
    },
});

pub(crate) use spin::postgres::postgres::*;
