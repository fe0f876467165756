mod feed;
mod list_events;
mod tick;
