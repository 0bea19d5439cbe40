//! Databases made on the fly: SQLite itself writes them, and says what each commit led to.

use std::path::PathBuf;

use rusqlite::{Connection, MAIN_DB};
use tempfile::TempDir;

/// A database in WAL mode whose files can be copied away at any time.
pub struct Recorder {
    pub connection: Connection,
    path: PathBuf,
    /// What SQLite says the database is after every recorded commit.
    pub expected: Vec<Vec<u8>>,
    _folder: TempDir,
}

impl Recorder {
    /// Makes a database of small pages with one table of 200 rows, all of it checkpointed.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("recorded.db");
        let connection = Connection::open(&path).expect("SQLite creates the database");
        let recorder = Self { connection, path, expected: Vec::new(), _folder: folder };
        recorder.run("PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;");
        recorder.run("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT);");
        recorder.run(&fill(200));
        recorder.run("PRAGMA wal_checkpoint(TRUNCATE);");
        recorder
    }

    /// Runs statements that are no commit to be recorded.
    pub fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).expect("SQLite runs it");
    }

    /// Runs one commit and keeps what SQLite says it led to.
    pub fn commit(&mut self, sql: &str) {
        self.run(sql);
        let image = self.connection.serialize(MAIN_DB).expect("SQLite serializes it");
        self.expected.push(image.to_vec());
    }

    /// Copies the database file as it is now.
    pub fn base(&self) -> Vec<u8> {
        std::fs::read(&self.path).expect("the database reads")
    }

    /// Copies the log as it is now.
    pub fn wal(&self) -> Vec<u8> {
        std::fs::read(self.path.with_extension("db-wal")).expect("the log reads")
    }
}

/// Returns a statement that adds `count` rows of some 60 bytes.
pub fn fill(count: u32) -> String {
    format!(
        "INSERT INTO t (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         SELECT printf('row %d of a table that is to grow, shrink and move', i) FROM n;"
    )
}
