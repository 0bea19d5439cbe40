//! What SQLite lawfully leaves in its files, as a bus; and imports that fail, or die on the way.

mod failing;
mod lawful;
mod packed;

use mmsb::Past;
use mmsb_cli::Layout;

fn database(past: &Past) -> Vec<u8> {
    Layout::of(past).expect("a database").pages().concat()
}
