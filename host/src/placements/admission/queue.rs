//! Those who wait, in fair turns.

use std::collections::{HashMap, VecDeque};

/// There is no place, and to wait for one would take too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Waiting items, each under the name of who waits. Names take turns; the items of one name keep
/// their order.
pub(super) struct Queue<T> {
    waiting: HashMap<String, VecDeque<(u64, T)>>,
    /// The names in `waiting`, in the order of their turns.
    turns: VecDeque<String>,
    count: usize,
    most: usize,
    next: u64,
}

impl<T> Queue<T> {
    /// An empty queue for `most` items.
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: HashMap::new(), turns: VecDeque::new(), count: 0, most, next: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many places must become free until a new item of this name has its turn, at most.
    pub(super) fn turns_until(&self, name: &str) -> usize {
        let own = self.waiting.get(name).map_or(0, VecDeque::len);
        let names = self.turns.len() + usize::from(own == 0);
        ((own + 1) * names).min(self.count + 1)
    }

    /// Adds an item and returns its number. One name may have as many items as it leaves free for
    /// others. So whoever fills the queue leaves places.
    pub(super) fn push(&mut self, name: &str, item: T) -> Result<u64, Full> {
        let own = self.waiting.get(name).map_or(0, VecDeque::len);
        if own >= self.most - self.count {
            return Err(Full);
        }
        if own == 0 {
            self.turns.push_back(name.to_owned());
        }
        let number = self.next;
        self.next += 1;
        self.count += 1;
        self.waiting.entry(name.to_owned()).or_default().push_back((number, item));
        Ok(number)
    }

    /// Takes the oldest item of the name whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let name = self.turns.pop_front()?;
        let items = self.waiting.get_mut(&name)?;
        let (_, item) = items.pop_front()?;
        match items.is_empty() {
            true => drop(self.waiting.remove(&name)),
            false => self.turns.push_back(name),
        }
        self.count -= 1;
        Some(item)
    }

    /// Removes an item that waits no longer, if it is still here.
    pub(super) fn remove(&mut self, name: &str, number: u64) {
        let Some(items) = self.waiting.get_mut(name) else { return };
        let Some(index) = items.iter().position(|(other, _)| *other == number) else { return };
        items.remove(index);
        self.count -= 1;
        if items.is_empty() {
            self.waiting.remove(name);
            self.turns.retain(|other| other != name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(queue: &mut Queue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn names_take_turns() {
        let mut queue = Queue::new(100);
        for item in 1..=5 {
            queue.push("flood", item).expect("a place");
        }
        assert_eq!((queue.turns_until("flood"), queue.turns_until("one")), (6, 2));
        queue.push("one", 10).expect("a place");
        assert_eq!(queue.turns_until("two"), 3);
        queue.push("two", 20).expect("a place");
        queue.push("two", 21).expect("a place");
        assert_eq!(queue.turns_until("one"), 6, "its second goes after two of each other");
        assert_eq!(all(&mut queue), [1, 10, 20, 2, 21, 3, 4, 5]);
        assert!(queue.is_empty() && queue.waiting.is_empty() && queue.turns.is_empty());
    }

    #[test]
    fn a_name_leaves_as_many_places_as_it_takes() {
        let mut queue = Queue::new(8);
        let fill = |queue: &mut Queue<u32>, name| {
            (0..9).filter(|item| queue.push(name, *item).is_ok()).count()
        };
        assert_eq!(fill(&mut queue, "flood"), 4);
        assert_eq!(fill(&mut queue, "another"), 2);
        assert_eq!(fill(&mut queue, "third"), 1);
        assert_eq!(all(&mut queue).len(), 7);
    }

    #[test]
    fn who_waits_no_longer_is_forgotten() {
        let mut queue = Queue::new(8);
        let first = queue.push("a", 1).expect("a place");
        let second = queue.push("a", 2).expect("a place");
        let other = queue.push("b", 3).expect("a place");
        queue.remove("a", first);
        queue.remove("b", other);
        queue.remove("b", other);
        assert_eq!((queue.turns.len(), queue.count), (1, 1));
        assert_eq!(queue.pop(), Some(2));
        queue.remove("a", second);
        assert!(queue.is_empty() && queue.waiting.is_empty() && queue.turns.is_empty());
    }
}
