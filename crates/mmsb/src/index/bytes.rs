//! Small integers in and out of bytes, all lengths checked.

use mmsb_tlog::{Cursor, NUMBER_MAX};
use mmsb_types::Lsn;

/// Why bytes are not what they should be.
pub(super) type Unfit = &'static str;

/// Beyond any log's length.
const LSN_MAX: u64 = 1 << 63;
const CUT: Unfit = "it is cut short";

/// Bytes that are read from the front.
#[derive(Clone, Debug)]
pub(super) struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8], Unfit> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn take_u32s<const N: usize>(&mut self) -> Result<[u32; N], Unfit> {
        let (words, _) = self.take(4 * N)?.as_chunks::<4>();
        Ok(std::array::from_fn(|index| u32::from_le_bytes(words[index])))
    }

    pub(super) fn take_u64s<const N: usize>(&mut self) -> Result<[u64; N], Unfit> {
        let (words, _) = self.take(8 * N)?.as_chunks::<8>();
        Ok(std::array::from_fn(|index| u64::from_le_bytes(words[index])))
    }

    pub(super) fn take_cursor(&mut self) -> Result<Cursor, Unfit> {
        let ([lsn, number], [chain]) = (self.take_u64s()?, self.take_u32s()?);
        if lsn > LSN_MAX || number > NUMBER_MAX {
            return Err("a place is beyond any log");
        }
        Ok(Cursor { lsn: Lsn::new(lsn), number, chain })
    }

    pub(super) fn take_count(&mut self) -> Result<usize, Unfit> {
        self.take_u32s().map(|[count]| count as usize)
    }

    /// Takes a copy of so many bytes.
    pub(super) fn take_vec(&mut self, count: usize) -> Result<Vec<u8>, Unfit> {
        let bytes = self.take(count)?;
        let mut copy = room(bytes.len())?;
        copy.extend_from_slice(bytes);
        Ok(copy)
    }

    /// Takes a count and so many rows, each of `row_bytes` at least: no memory is asked for beyond what the bytes
    /// can hold.
    pub(super) fn take_list<T>(
        &mut self,
        row_bytes: usize,
        mut take: impl FnMut(&mut Self) -> Result<T, Unfit>,
    ) -> Result<Vec<T>, Unfit> {
        let count = self.take_count()?;
        if count > self.0.len() / row_bytes {
            return Err(CUT);
        }
        let mut list = room(count)?;
        for _ in 0..count {
            list.push(take(self)?);
        }
        Ok(list)
    }
}

fn room<T>(count: usize) -> Result<Vec<T>, Unfit> {
    let mut list = Vec::new();
    list.try_reserve_exact(count).map_err(|_| "there is no memory for it")?;
    Ok(list)
}

/// Little-endian integers at the end of bytes.
pub(super) trait Put {
    fn put_u32s(&mut self, words: impl IntoIterator<Item = u32>);
    fn put_u64s(&mut self, words: impl IntoIterator<Item = u64>);
    fn put_count(&mut self, count: usize);
    fn put_cursor(&mut self, cursor: Cursor);
}

impl Put for Vec<u8> {
    fn put_u32s(&mut self, words: impl IntoIterator<Item = u32>) {
        words.into_iter().for_each(|word| self.extend(word.to_le_bytes()));
    }

    fn put_u64s(&mut self, words: impl IntoIterator<Item = u64>) {
        words.into_iter().for_each(|word| self.extend(word.to_le_bytes()));
    }

    fn put_count(&mut self, count: usize) {
        self.put_u32s([u32::try_from(count).expect("a part is shorter than 4 GiB")]);
    }

    fn put_cursor(&mut self, cursor: Cursor) {
        self.put_u64s([cursor.lsn.get(), cursor.number]);
        self.put_u32s([cursor.chain]);
    }
}
