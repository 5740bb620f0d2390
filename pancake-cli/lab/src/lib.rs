//! Lab format, checks, hints, progress, author loop.
