//! A spreadsheet: cells are pages, formulas are functions of other cells; undo is a rewind, and every number can say
//! where it came from.
//!
//! Run it with `cargo run --example spreadsheet`.

use mmsb::{Bus, Epoch, Error, PageId};

/// A sheet of cells, each a page of one number named like its place.
struct Sheet {
    bus: Bus,
}

impl Sheet {
    fn cell(&self, name: &str) -> Result<PageId, Error> {
        match self.bus.page(name) {
            Some(cell) => Ok(cell),
            None => self.bus.create_page(name, 8),
        }
    }

    fn set(&self, name: &str, value: i64) -> Result<Epoch, Error> {
        Ok(self.bus.put(self.cell(name)?, 0, &value)?.epoch)
    }

    fn get(&self, name: &str) -> Result<i64, Error> {
        self.bus.get(self.cell(name)?, 0)
    }

    /// Makes a cell a formula of others.
    fn formula(
        &self,
        name: &str,
        of: &[&str],
        text: &str,
        compute: impl Fn(&[i64]) -> i64 + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let cells = of.iter().map(|name| self.cell(name)).collect::<Result<Vec<_>, _>>()?;
        let derivation = self.bus.derive(self.cell(name)?).from(cells).named(text, 1);
        derivation.with(move |inputs, out| {
            let values: Vec<i64> = (0..inputs.len()).map(|index| inputs.value(index, 0)).collect();
            out.copy_from_slice(&compute(&values).to_le_bytes());
        })?;
        Ok(())
    }

    /// Tells what the last change computed, cell by cell, and what it did not reach.
    fn told(&self) -> Vec<String> {
        let Some(wave) = self.bus.last_wave() else { return Vec::new() };
        let name = |page| self.bus.page_name(page).unwrap_or_default();
        let line = |ran: mmsb::Recomputed| {
            let causes: Vec<_> = ran.causes.iter().map(|&page| name(page)).collect();
            let what = if ran.is_changed { "changed" } else { "the same" };
            format!("{} {what}, by {}", name(ran.page), causes.join(", "))
        };
        let skipped = wave.skipped().iter().map(|&page| format!("{} not reached", name(page)));
        wave.ran().map(line).chain(skipped).collect()
    }
}

/// Fills in a sheet, changes it, takes a change back.
pub fn main() -> Result<(), Error> {
    let sheet = Sheet { bus: Bus::in_memory()? };
    for (cell, value) in [("price", 250), ("count", 4), ("rate", 20)] {
        sheet.set(cell, value)?;
    }
    sheet.formula("net", &["price", "count"], "price * count", |v| v[0] * v[1])?;
    sheet.formula("tax", &["net", "rate"], "net * rate / 100", |v| v[0] * v[1] / 100)?;
    sheet.formula("total", &["net", "tax"], "net + tax", |v| v[0] + v[1])?;
    sheet.formula("is large", &["total"], "total > 1000", |v| i64::from(v[0] > 1000))?;
    sheet.formula("discount", &["is large"], "is large * 50", |v| v[0] * 50)?;
    assert_eq!((sheet.get("total")?, sheet.get("discount")?), (1200, 50));

    // One change, one commit: the formulas that follow are in it, and no others.
    let before = sheet.bus.epoch();
    sheet.set("rate", 10)?;
    assert_eq!((sheet.get("total")?, sheet.bus.epoch()), (1100, before.next()));
    let told = sheet.told();
    told.iter().for_each(|line| println!("{line}"));
    let expected = [
        "tax changed, by rate",
        "total changed, by tax",
        "is large the same, by total",
        "discount not reached",
    ];
    assert_eq!(told, expected);

    // A formula is not overwritten by hand, and a cell is not computed from itself.
    assert!(matches!(sheet.set("total", 1), Err(Error::DerivedPage { .. })));
    let circle = sheet.formula("price", &["total"], "total", |v| v[0]);
    assert!(matches!(circle, Err(Error::Cycle { .. })));

    // Undo: a rewind brings back the cells, those that are computed among them, and runs no formula.
    sheet.bus.rewind(before)?;
    assert_eq!((sheet.get("rate")?, sheet.get("total")?), (20, 1200));

    // The log has it all: what the sheet was, and why each commit computed what it did.
    assert_eq!(sheet.bus.at(before.next())?.get::<i64>(sheet.cell("total")?, 0)?, 1100);
    for commit in sheet.bus.commits()? {
        let commit = commit?;
        for cause in &commit.computed {
            let name = sheet.bus.page_name(cause.page).unwrap_or_default();
            println!("{}: {name}, for {} inputs", commit.epoch, cause.inputs.len());
        }
    }
    assert!(sheet.bus.verify_recompute().is_empty());
    Ok(())
}
