//! Hashes of states that earlier builds have written: the same on any number of threads, in every build. The tests
//! of the library compare them where nothing is optimized, the torture where all is.

use std::path::PathBuf;

use mmsb::{Bus, Error, state_hash};

/// Buses under `testdata/buses`, and the hash of the newest state of each.
const NEWEST: [(&str, &str); 3] = [
    ("v1", "975c772814293434ac9cb4a0c76c132a2e241c394683049a7c60d50eb2b747a7"),
    ("v2", "a49b4d9476ceca4e3957b02d37dd76dc1c377234932462049bafa024761269f0"),
    ("v2-graph", "19d68f4a72fa18c60465788ea5188c5ae12c52d2f123878c6292eb96e47c7d06"),
];

/// Opens each bus of an earlier build on so many threads, and compares the hash of its newest state.
///
/// # Errors
/// The first that differs, or that does not open.
pub fn check_hashes(threads: usize) -> Result<(), String> {
    for (name, expected) in NEWEST {
        let found = hash(name, threads).map_err(|error| format!("{name}: {error}"))?;
        if found != expected {
            return Err(format!("{name} on {threads} threads has the hash {found}, not {expected}"));
        }
    }
    Ok(())
}

fn hash(name: &str, threads: usize) -> Result<String, Error> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../testdata/buses", name, "bus"].iter().collect();
    let bus = Bus::builder().recovery_threads(threads).open_read_only(path)?;
    Ok(state_hash(&bus)?.to_string())
}
