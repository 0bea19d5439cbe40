//! The laws of every disk. `NULL_LAWS` are those that a disk can hold that keeps nothing; `KEEPING_LAWS` are
//! the others.

mod bytes;
mod moves;
mod names;

use std::path::Path;

use mmsb_tlog::vfs::Vfs;

use self::{
    bytes::{
        a_discard_leaves_the_length, a_discard_past_the_end_spares_what_comes_after,
        a_length_follows_writes_and_truncations, a_read_only_handle_writes_nothing, bytes_come_back,
        changes_succeed_in_a_logs_order, gaps_and_growth_read_as_zeros, handles_share_one_file,
        ranges_end_below_two_to_the_63,
    },
    moves::{
        a_lock_excludes_until_it_is_dropped, a_lock_goes_along_with_its_directory,
        a_rename_moves_a_directory_whole, a_rename_refuses_what_would_lose_data, a_rename_replaces_a_file,
    },
    names::{
        a_missing_name_is_not_found, a_name_is_created_once, a_removed_file_lives_in_its_handle,
        files_and_directories_are_told_apart, names_are_listed_and_measured,
    },
};

/// Takes any disk and an empty directory on it.
pub type Law = fn(&dyn Vfs, &Path);

/// What even a disk that keeps nothing holds.
pub const NULL_LAWS: &[(&str, Law)] = &[
    ("changes succeed in a log's order", changes_succeed_in_a_logs_order),
    ("a length follows writes and truncations", a_length_follows_writes_and_truncations),
    ("ranges end below 2^63", ranges_end_below_two_to_the_63),
    ("a missing name is not found", a_missing_name_is_not_found),
    ("a discard leaves the length", a_discard_leaves_the_length),
];

/// What every disk holds that keeps bytes and names.
pub const KEEPING_LAWS: &[(&str, Law)] = &[
    ("a discard past the end spares what comes after", a_discard_past_the_end_spares_what_comes_after),
    ("bytes come back", bytes_come_back),
    ("gaps and growth read as zeros", gaps_and_growth_read_as_zeros),
    ("handles share one file", handles_share_one_file),
    ("a read-only handle writes nothing", a_read_only_handle_writes_nothing),
    ("names are listed and measured", names_are_listed_and_measured),
    ("a name is created once", a_name_is_created_once),
    ("files and directories are told apart", files_and_directories_are_told_apart),
    ("a removed file lives in its handle", a_removed_file_lives_in_its_handle),
    ("a rename replaces a file", a_rename_replaces_a_file),
    ("a rename moves a directory whole", a_rename_moves_a_directory_whole),
    ("a rename refuses what would lose data", a_rename_refuses_what_would_lose_data),
    ("a lock excludes until it is dropped", a_lock_excludes_until_it_is_dropped),
    ("a lock goes along with its directory", a_lock_goes_along_with_its_directory),
];

/// Runs every law of `sets`, each in a directory of its own below `root`.
pub fn laws(vfs: &dyn Vfs, root: &Path, sets: &[&[(&str, Law)]]) {
    for (index, (name, law)) in sets.iter().copied().flatten().enumerate() {
        println!("law: {name}");
        let dir = root.join(format!("law-{index}"));
        vfs.create_dir(&dir).unwrap();
        law(vfs, &dir);
    }
}
