//! The table of an instance, for resources whose bindings have no content.
//!
//! If the bindings of an interface named the type behind a resource, then that type could use no
//! type of the interface without a circle. So the handle has a type of its own, and only the
//! implementation of the interface knows what it stands for.

use wasmtime::component::{Resource, ResourceTable, ResourceTableError};

/// Puts an entry into the table. Returns its handle.
pub(super) fn push<H: 'static, T: Send + 'static>(
    table: &mut ResourceTable,
    entry: T,
) -> Result<Resource<H>, ResourceTableError> {
    Ok(Resource::new_own(table.push(entry)?.rep()))
}

/// The entry of a handle.
pub(super) fn get<'t, H: 'static, T: 'static>(
    table: &'t mut ResourceTable,
    handle: &Resource<H>,
) -> Result<&'t mut T, ResourceTableError> {
    table.get_mut(&Resource::new_borrow(handle.rep()))
}

/// Removes the entry of a handle.
pub(super) fn delete<H: 'static, T: 'static>(
    table: &mut ResourceTable,
    handle: Resource<H>,
) -> Result<(), ResourceTableError> {
    table.delete(Resource::<T>::new_own(handle.rep())).map(drop)
}
