//! `spin:postgres/postgres@4.2.0`

use super::table;
use crate::guest::state::State;
use crate::stores::postgres::{Builder, Connection};
use crate::system::tls::certificates;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Linker, Resource, StreamReader};

use crate::stores::postgres::bindings::{Column, Error, ParameterValue, Row, RowSet};
use crate::stores::postgres::bindings::{
    Connection as ConnectionHandle, ConnectionBuilder as BuilderHandle, Host, HostConnection,
    HostConnectionBuilder, HostConnectionBuilderWithStore, HostConnectionWithStore, add_to_linker,
};

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

/// A new connection, or the reason why there is none.
type Opened = wasmtime::Result<Result<Resource<ConnectionHandle>, Error>>;

impl State {
    fn open_address(&mut self, address: &str, ca: Option<&str>) -> Opened {
        Ok(match self.grants.postgres.open(&self.grants.hosts, address, ca) {
            Ok(connection) => Ok(table::push(&mut self.table, connection)?),
            Err(error) => Err(error),
        })
    }

    fn build_connection(&mut self, builder: &Resource<BuilderHandle>) -> Opened {
        let Builder { address, ca } = table::get::<_, Builder>(&mut self.table, builder)?.clone();
        self.open_address(&address, ca.as_deref())
    }

    fn postgres(&mut self, handle: &Resource<ConnectionHandle>) -> wasmtime::Result<Connection> {
        Ok(table::get::<_, Connection>(&mut self.table, handle)?.clone())
    }
}

impl Host for State {}

impl HostConnectionBuilder for State {
    fn new(&mut self, address: String) -> wasmtime::Result<Resource<BuilderHandle>> {
        Ok(table::push(&mut self.table, Builder { address, ca: None })?)
    }

    fn set_ca_root(
        &mut self,
        builder: Resource<BuilderHandle>,
        certificate: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        if let Err(error) = certificates(&certificate) {
            return Ok(Err(Error::Other(format!("invalid root certificate: {error}"))));
        }
        table::get::<_, Builder>(&mut self.table, &builder)?.ca = Some(certificate);
        Ok(Ok(()))
    }

    fn build(&mut self, builder: Resource<BuilderHandle>) -> Opened {
        self.build_connection(&builder)
    }

    fn drop(&mut self, builder: Resource<BuilderHandle>) -> wasmtime::Result<()> {
        Ok(table::delete::<_, Builder>(&mut self.table, builder)?)
    }
}

impl HostConnectionBuilderWithStore<State> for HasSelf<State> {
    async fn build_async(
        accessor: &Accessor<State, Self>,
        builder: Resource<BuilderHandle>,
    ) -> Opened {
        accessor.with(|mut access| access.get().build_connection(&builder))
    }
}

impl HostConnection for State {
    fn open(&mut self, address: String) -> Opened {
        self.open_address(&address, None)
    }

    async fn query(
        &mut self,
        connection: Resource<ConnectionHandle>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<RowSet, Error>> {
        Ok(self.postgres(&connection)?.query(statement, parameters).await)
    }

    async fn execute(
        &mut self,
        connection: Resource<ConnectionHandle>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        Ok(self.postgres(&connection)?.execute(statement, parameters).await)
    }

    fn drop(&mut self, connection: Resource<ConnectionHandle>) -> wasmtime::Result<()> {
        Ok(table::delete::<_, Connection>(&mut self.table, connection)?)
    }
}

/// The columns, which are known at once; a stream of rows; and whether all rows came.
type Rows = (Vec<Column>, StreamReader<Row>, FutureReader<Result<(), Error>>);

impl HostConnectionWithStore<State> for HasSelf<State> {
    async fn open_async(accessor: &Accessor<State, Self>, address: String) -> Opened {
        accessor.with(|mut access| access.get().open_address(&address, None))
    }

    async fn query_async(
        accessor: &Accessor<State, Self>,
        connection: Resource<ConnectionHandle>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        let connection = accessor.with(|mut access| access.get().postgres(&connection))?;
        let found = match connection.query(statement, parameters).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, found.rows)?;
            let end = FutureReader::new(&mut access, async { Ok::<_, wasmtime::Error>(Ok(())) })?;
            Ok(Ok((found.columns, rows, end)))
        })
    }

    async fn execute_async(
        accessor: &Accessor<State, Self>,
        connection: Resource<ConnectionHandle>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let connection = accessor.with(|mut access| access.get().postgres(&connection))?;
        Ok(connection.execute(statement, parameters).await)
    }
}
