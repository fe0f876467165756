mod list_events;
