//! `spin:sqlite@3.1.0`

use super::table;
use crate::guest::state::State;
use crate::stores::sqlite::Connection;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Linker, Resource, StreamReader};

use crate::stores::sqlite::bindings::{
    Connection as ConnectionHandle, Host, HostConnection, HostConnectionWithStore, add_to_linker,
};
pub(crate) use crate::stores::sqlite::bindings::{Error, QueryResult, RowResult, Value};

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl State {
    fn open_database(
        &mut self,
        label: &str,
    ) -> wasmtime::Result<Result<Resource<ConnectionHandle>, Error>> {
        let Some(database) = self.grants.databases.get(label) else {
            return Ok(Err(Error::AccessDenied));
        };
        Ok(match Connection::open(database) {
            Ok(connection) => Ok(table::push(&mut self.table, connection)?),
            Err(error) => Err(error),
        })
    }

    fn connection(&mut self, handle: &Resource<ConnectionHandle>) -> wasmtime::Result<Connection> {
        Ok(table::get::<_, Connection>(&mut self.table, handle)?.clone())
    }
}

impl Host for State {}

impl HostConnection for State {
    fn open(
        &mut self,
        database: String,
    ) -> wasmtime::Result<Result<Resource<ConnectionHandle>, Error>> {
        self.open_database(&database)
    }

    async fn execute(
        &mut self,
        connection: Resource<ConnectionHandle>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        Ok(self.connection(&connection)?.execute(statement, parameters).await)
    }

    async fn last_insert_rowid(
        &mut self,
        connection: Resource<ConnectionHandle>,
    ) -> wasmtime::Result<i64> {
        Ok(self.connection(&connection)?.last_insert_rowid().await)
    }

    async fn changes(&mut self, connection: Resource<ConnectionHandle>) -> wasmtime::Result<u64> {
        Ok(self.connection(&connection)?.changes().await)
    }

    fn drop(&mut self, connection: Resource<ConnectionHandle>) -> wasmtime::Result<()> {
        Ok(table::delete::<_, Connection>(&mut self.table, connection)?)
    }
}

/// The columns, which are known at once; a stream of rows; and whether all rows came.
type Rows = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl HostConnectionWithStore<State> for HasSelf<State> {
    async fn open_async(
        accessor: &Accessor<State, Self>,
        database: String,
    ) -> wasmtime::Result<Result<Resource<ConnectionHandle>, Error>> {
        accessor.with(|mut access| access.get().open_database(&database))
    }

    async fn execute_async(
        accessor: &Accessor<State, Self>,
        connection: Resource<ConnectionHandle>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        let connection = accessor.with(|mut access| access.get().connection(&connection))?;
        let result = match connection.execute(statement, parameters).await {
            Ok(result) => result,
            Err(error) => return Ok(Err(error)),
        };
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, result.rows)?;
            let end = FutureReader::new(&mut access, async { Ok::<_, wasmtime::Error>(Ok(())) })?;
            Ok(Ok((result.columns, rows, end)))
        })
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<State, Self>,
        connection: Resource<ConnectionHandle>,
    ) -> wasmtime::Result<i64> {
        let connection = accessor.with(|mut access| access.get().connection(&connection))?;
        Ok(connection.last_insert_rowid().await)
    }

    async fn changes_async(
        accessor: &Accessor<State, Self>,
        connection: Resource<ConnectionHandle>,
    ) -> wasmtime::Result<u64> {
        let connection = accessor.with(|mut access| access.get().connection(&connection))?;
        Ok(connection.changes().await)
    }
}
