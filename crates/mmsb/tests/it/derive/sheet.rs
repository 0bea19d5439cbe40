//! A bus with cells of eight bytes, named like a spreadsheet's; derived ones are sums, or parities, of others.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use mmsb::{
    Builder, Bus, Derivation, Epoch, Error, Inputs, PageId, StateHash, state_hash,
    vfs::{Access, MemoryVfs, Vfs},
};

/// The bus and its file system.
pub struct Sheet {
    pub bus: Bus,
    pub vfs: Arc<MemoryVfs>,
}

impl Sheet {
    /// Makes one with cells of these names, all 0.
    pub fn new(cells: &[&str]) -> Self {
        Self::built(Bus::builder(), cells)
    }

    pub fn built(builder: Builder, cells: &[&str]) -> Self {
        let vfs = Arc::new(MemoryVfs::new());
        let bus = builder.without_threads().create_on(vfs.clone(), Path::new("/bus")).unwrap();
        let sheet = Self { bus, vfs };
        for cell in cells {
            sheet.bus.create_page(*cell, 8).unwrap();
        }
        sheet
    }

    /// Ends the bus, and opens it again without any function.
    pub fn reopened(self) -> Self {
        self.reopened_as(Bus::builder())
    }

    pub fn reopened_as(self, builder: Builder) -> Self {
        self.bus.stop().unwrap();
        let bus = builder.without_threads().open_on(self.vfs.clone(), Path::new("/bus")).unwrap();
        Self { bus, vfs: self.vfs }
    }

    /// Ends the bus, and returns every byte of its files.
    pub fn ended(self) -> BTreeMap<String, Vec<u8>> {
        self.bus.stop().unwrap();
        let folder = Path::new("/bus");
        let read = |name: String| {
            let file = self.vfs.open(&folder.join(&name), Access::ReadOnly).unwrap();
            let mut bytes = vec![0; file.len().unwrap() as usize];
            file.read_at(0, &mut bytes).unwrap();
            (name, bytes)
        };
        self.vfs.list(folder).unwrap().into_iter().map(read).collect()
    }

    pub fn cell(&self, name: &str) -> PageId {
        self.bus.page(name).unwrap_or_else(|| panic!("no cell {name}"))
    }

    pub fn derive(&self, cell: &str, from: &[&str]) -> Derivation<'_> {
        self.bus.derive(self.cell(cell)).from(from.iter().map(|name| self.cell(name)))
    }

    /// Derives a cell as the sum of others.
    #[track_caller]
    pub fn sum(&self, cell: &str, from: &[&str]) {
        self.derive(cell, from).named("sum", 1).with(sum).unwrap();
    }

    /// Derives a cell that is 1 if the sum of others is odd, and 0 if not.
    #[track_caller]
    pub fn parity(&self, cell: &str, from: &[&str]) {
        self.derive(cell, from).named("parity", 1).with(parity).unwrap();
    }

    #[track_caller]
    pub fn put(&self, cell: &str, value: u64) -> Epoch {
        self.bus.put(self.cell(cell), 0, &value).unwrap().epoch
    }

    #[track_caller]
    pub fn get(&self, cell: &str) -> u64 {
        self.bus.get(self.cell(cell), 0).unwrap()
    }

    #[track_caller]
    pub fn get_at(&self, cell: &str, epoch: Epoch) -> u64 {
        self.bus.at(epoch).unwrap().get(self.cell(cell), 0).unwrap()
    }

    /// The state as a number that tells any two apart.
    pub fn hash(&self) -> StateHash {
        state_hash(&self.bus.snapshot()).unwrap()
    }

    /// The last wave, with the cells' names for the pages.
    pub fn wave(&self) -> String {
        self.named(&self.bus.last_wave().expect("a wave").to_string())
    }

    /// A text with the cells' names for the pages.
    pub fn named(&self, text: &str) -> String {
        let mut pages: Vec<_> = self.bus.pages().collect();
        pages.sort_by_key(|page| std::cmp::Reverse(page.to_string().len()));
        let name = |text: String, page: &PageId| match self.bus.page_name(*page) {
            Some(name) => text.replace(&page.to_string(), &name),
            None => text,
        };
        pages.iter().fold(text.to_owned(), name)
    }

    /// Checks that work is refused with this error, and that nothing is other than before.
    #[track_caller]
    pub fn refuses<T>(&self, expected: &str, work: impl FnOnce(&Self) -> Result<T, Error>) {
        let before = (self.hash(), self.bus.epoch(), self.bus.graph().unwrap().to_string());
        let Err(error) = work(self) else { panic!("it was not refused") };
        assert_eq!(self.named(&error.to_string()), expected);
        assert_eq!(
            (self.hash(), self.bus.epoch(), self.bus.graph().unwrap().to_string()),
            before,
            "nothing changed"
        );
        assert_eq!(self.bus.verify_recompute(), vec![]);
        assert_eq!(self.bus.validate(), vec![]);
    }
}

pub fn sum(inputs: &Inputs<'_>, out: &mut [u8]) {
    let values = (0..inputs.len()).map(|index| inputs.value::<u64>(index, 0));
    out.copy_from_slice(&values.fold(0, u64::wrapping_add).to_le_bytes());
}

pub fn parity(inputs: &Inputs<'_>, out: &mut [u8]) {
    sum(inputs, out);
    let odd = u64::from(out[0] & 1);
    out.copy_from_slice(&odd.to_le_bytes());
}
