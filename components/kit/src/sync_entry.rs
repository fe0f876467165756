//! Keeps entries of the key-value store equal to their table rows while several writers work at
//! once.

/// Attempts of one writer. Each attempt may lose its swap to another writer.
const ATTEMPTS: usize = 20;

/// Makes an entry of the key-value store equal to its row.
///
/// Each attempt reads the entry first and the row second. Then it replaces the entry by
/// compare-and-swap. So a late writer with an older row never undoes the work of another one. A
/// swap may be done and still be reported as lost: Spin 4.1 does so on Redis. Then the next attempt
/// finds the value in place. Returns false if every attempt lost its swap.
///
/// # Errors
/// Those of the closures.
pub(crate) fn sync_entry<E>(
    mut held: impl FnMut() -> Result<Option<Vec<u8>>, E>,
    mut row: impl FnMut() -> Result<Option<Vec<u8>>, E>,
    mut swap: impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<bool, E> {
    for _ in 0..ATTEMPTS {
        let held = held()?;
        let Some(row) = row()? else { return Ok(true) };
        if held.as_ref() == Some(&row) || swap(&row)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    /// A store and a table in which another writer comes at any step of this one.
    struct World {
        entry: RefCell<Option<Vec<u8>>>,
        row: RefCell<Vec<u8>>,
        /// The step before which the other one writes, and steps so far.
        at: usize,
        steps: Cell<usize>,
        seen: RefCell<Option<Vec<u8>>>,
    }

    impl World {
        fn step(&self) {
            if self.steps.get() == self.at {
                *self.row.borrow_mut() = b"new".to_vec();
                *self.entry.borrow_mut() = Some(b"new".to_vec());
            }
            self.steps.set(self.steps.get() + 1);
        }

        fn run(&self) -> bool {
            let held = || {
                self.step();
                *self.seen.borrow_mut() = self.entry.borrow().clone();
                Ok::<_, ()>(self.seen.borrow().clone())
            };
            let row = || {
                self.step();
                Ok(Some(self.row.borrow().clone()))
            };
            let swap = |value: &[u8]| {
                self.step();
                let done = *self.entry.borrow() == *self.seen.borrow();
                if done {
                    *self.entry.borrow_mut() = Some(value.to_vec());
                }
                Ok(done)
            };
            sync_entry(held, row, swap).expect("no error")
        }
    }

    #[test]
    fn nobody_undoes_what_another_has_written() {
        for entry in [None, Some(b"older".to_vec()), Some(b"old".to_vec())] {
            for at in 0..8 {
                let world = World {
                    entry: RefCell::new(entry.clone()),
                    row: RefCell::new(b"old".to_vec()),
                    at,
                    steps: Cell::new(0),
                    seen: RefCell::default(),
                };
                assert!(world.run());
                assert_eq!(*world.entry.borrow(), Some(world.row.borrow().clone()), "{at}");
            }
        }
    }
}
