//! What a batch is made of.

use crate::{BatchView, Form};

/// Counts of a batch, or of many added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchStats {
    /// Patches of form bytes.
    pub bytes: FormStats,
    /// Patches of form fill, over a run or a whole page.
    pub fill: FormStats,
    /// Patches of form page.
    pub page: FormStats,
    /// Entries, of all forms, that are wide.
    pub wide_count: u64,
    /// How long the encoding is, in bytes.
    pub encoded_bytes: u64,
}

/// Counts of one form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormStats {
    /// How many patches.
    pub count: u64,
    /// How many bytes of payload they store.
    pub payload_bytes: u64,
    /// How many bytes of pages they write.
    pub written_bytes: u64,
}

impl BatchStats {
    /// Counts a batch.
    #[must_use]
    pub fn of(view: BatchView<'_>) -> Self {
        let mut stats = Self::default();
        stats.add(view);
        stats
    }

    /// Adds another batch's counts.
    pub fn add(&mut self, view: BatchView<'_>) {
        self.wide_count += view.wide_count() as u64;
        self.encoded_bytes += view.encoded_bytes() as u64;
        for (_, patch) in view.iter() {
            let form = self.form_mut(patch.form());
            form.count += 1;
            form.payload_bytes += patch.payload_bytes() as u64;
            form.written_bytes += u64::from(patch.span().len);
        }
    }

    fn form_mut(&mut self, form: Form) -> &mut FormStats {
        match form {
            Form::Bytes => &mut self.bytes,
            Form::Fill => &mut self.fill,
            Form::Page => &mut self.page,
        }
    }
}
