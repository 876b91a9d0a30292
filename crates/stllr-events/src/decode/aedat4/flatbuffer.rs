//! The little of FlatBuffers that AEDAT 4 needs, with every offset checked.
//!
//! A buffer begins with the place of its root table and a name of four letters. A table begins with the
//! distance back to its vtable, which holds its own size and the place of each field (0 where it is absent).

/// Why something cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It lies beyond the bytes given: this many are needed.
    Needs(usize),
    /// It cannot be.
    Wrong,
}

/// A table in a buffer, which may be the beginning of a longer one.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    vtable: usize,
    vtable_len: usize,
}

/// `N` bytes at a place.
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Stop> {
    let end = at.checked_add(N).ok_or(Stop::Wrong)?;
    let slice = bytes.get(at..end).ok_or(Stop::Needs(end))?;
    slice.try_into().map_err(|_| Stop::Wrong)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    usize::try_from(u32::from_le_bytes(array(bytes, at)?)).map_err(|_| Stop::Wrong)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    Ok(usize::from(u16::from_le_bytes(array(bytes, at)?)))
}

impl<'a> Table<'a> {
    /// The root table of a buffer, which must have this name.
    pub fn root(bytes: &'a [u8], name: &[u8; 4]) -> Result<Self, Stop> {
        let at = u32_at(bytes, 0)?;
        if array::<4>(bytes, 4)? != *name {
            return Err(Stop::Wrong);
        }
        let back = i64::from(i32::from_le_bytes(array(bytes, at)?));
        let vtable = i64::try_from(at).map_err(|_| Stop::Wrong)? - back;
        let vtable = usize::try_from(vtable).map_err(|_| Stop::Wrong)?;
        let vtable_len = u16_at(bytes, vtable)?;
        Ok(Self { bytes, at, vtable, vtable_len })
    }

    /// Where a field lies, `None` where it is absent.
    fn field(&self, index: usize) -> Result<Option<usize>, Stop> {
        let slot = 4 + 2 * index;
        if slot + 2 > self.vtable_len {
            return Ok(None);
        }
        let offset = u16_at(self.bytes, self.vtable + slot)?;
        Ok((offset > 0).then_some(self.at + offset))
    }

    /// A field of `N` bytes.
    pub fn scalar<const N: usize>(&self, index: usize) -> Result<Option<[u8; N]>, Stop> {
        self.field(index)?.map(|at| array(self.bytes, at)).transpose()
    }

    /// Where the elements of a vector or string begin, and how many there are.
    pub fn vector(&self, index: usize) -> Result<Option<(usize, usize)>, Stop> {
        let Some(at) = self.field(index)? else { return Ok(None) };
        let vector = at.checked_add(u32_at(self.bytes, at)?).ok_or(Stop::Wrong)?;
        let count = u32_at(self.bytes, vector)?;
        Ok(Some((vector + 4, count)))
    }
}
