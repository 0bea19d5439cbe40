//! What a block tells of one page, behind the contents of all its pages.

use mmsb_types::limits::{PAGE_BYTES_MAX, PAGE_ID_MAX};

use super::form::PageForm;
use crate::frame::{u32_at, u64_at};

/// Bytes of a row.
pub(super) const ROW_BYTES: usize = 24;
/// Where the form stands in the word that holds a page's length.
const FORM_SHIFT: u32 = 30;
const LENGTH_MASK: u32 = (1 << FORM_SHIFT) - 1;

const _: () = assert!(PAGE_BYTES_MAX <= LENGTH_MASK);

/// One page's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) page: u64,
    pub(super) epoch: u64,
    pub(super) page_bytes: u32,
    pub(super) form: PageForm,
    /// Bytes that it takes among the contents: none, for a fill.
    pub(super) content_bytes: u32,
}

impl Row {
    /// Appends the row's bytes.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let last = if let PageForm::Fill(byte) = self.form { byte.into() } else { self.content_bytes };
        out.extend(self.page.to_le_bytes());
        out.extend(self.epoch.to_le_bytes());
        out.extend((self.page_bytes | self.form.number() << FORM_SHIFT).to_le_bytes());
        out.extend(last.to_le_bytes());
    }

    /// Reads a row; `None` if no page is like that.
    #[inline]
    pub(super) fn parse(row: &[u8; ROW_BYTES]) -> Option<Self> {
        let (length, last) = (u32_at(row, 16), u32_at(row, 20));
        let page_bytes = length & LENGTH_MASK;
        let (form, content_bytes) = match length >> FORM_SHIFT {
            0 if last == page_bytes => (PageForm::Bytes, last),
            1 => (PageForm::Fill(u8::try_from(last).ok()?), 0),
            2 if last < page_bytes => (PageForm::Runs, last),
            _ => return None,
        };
        let this = Self { page: u64_at(row, 0), epoch: u64_at(row, 8), page_bytes, form, content_bytes };
        let is_page = (1..=PAGE_ID_MAX).contains(&this.page) && (1..=PAGE_BYTES_MAX).contains(&page_bytes);
        is_page.then_some(this)
    }
}
