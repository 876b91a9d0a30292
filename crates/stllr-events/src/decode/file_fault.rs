//! What can be wrong with a file that has a head, packets or lines.

use core::fmt;

/// Which value of an event a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Field {
    /// The time.
    T = 0,
    /// The column.
    X = 1,
    /// The row.
    Y = 2,
    /// The polarity.
    P = 3,
}

impl Field {
    /// The field's letter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::T => "t",
            Self::X => "x",
            Self::Y => "y",
            Self::P => "p",
        }
    }

    /// What the field may hold.
    const fn allowed(self) -> &'static str {
        match self {
            Self::T => "0 to 2^53 - 1 us",
            Self::X | Self::Y => "0 to 65535",
            Self::P => "0 to 255, -1, true or false",
        }
    }
}

/// Which part of a head is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum HeadPart {
    /// The first bytes, by which the format is known.
    Magic = 0,
    /// What follows them, by its own rules.
    Content = 1,
    /// The columns or fields: one of t, x, y, p is missing or there twice.
    Columns = 2,
}

/// What is legal in the format and not read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Unsupported {
    /// A compression other than none, LZ4 and ZSTD.
    Compression = 0,
    /// Compressed with a dictionary.
    Dictionary = 1,
    /// A ZSTD frame that copies from further back than [`crate::decode::aedat4::MAX_WINDOW_BYTES`].
    Window = 2,
    /// A file without a stream of events.
    NoEvents = 3,
    /// A version of the format.
    Version = 4,
    /// A type of numbers.
    DataType = 5,
    /// An array in Fortran's order.
    Order = 6,
    /// An array of another shape.
    Shape = 7,
}

/// A fault of a file that has a head, packets or lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFault {
    /// The head is not that of the format.
    Head(HeadPart),
    /// A length that cannot be, or is more than is read.
    Length {
        /// The length in bytes, at most `u32::MAX`; a negative one as the same 32 bits without a sign.
        found: u32,
        /// The most it may be.
        most: u32,
    },
    /// Legal, and not read here.
    Unsupported(Unsupported),
    /// A packet of a stream that the head does not name.
    Stream {
        /// Its number.
        found: u32,
    },
    /// Compressed data that do not decompress.
    Compressed,
    /// Offsets or lengths inside a packet that contradict each other.
    Structure,
    /// A value that no event can have.
    Value {
        /// Which one.
        field: Field,
        /// Which event of the packet, array or line, from 0.
        index: u32,
    },
    /// A line with too few values.
    Columns {
        /// How many it has.
        found: u32,
        /// How many are needed.
        needed: u32,
    },
    /// Fewer records than the head has promised.
    Missing {
        /// How many there are.
        found: u32,
        /// How many were promised.
        needed: u32,
    },
    /// Bytes after the last record.
    Trailing,
    /// Samples of sound before the chunk that says what they are.
    NoFormat,
    /// Sound of no channel, or of more than are read.
    Channels {
        /// How many it has.
        found: u16,
        /// The most that are read.
        most: u16,
    },
    /// Samples of sound of a size that is not read.
    SampleSize {
        /// The bits of a sample.
        bits: u16,
        /// The bytes of a frame.
        frame_bytes: u16,
    },
    /// Sound of no frames a second.
    Rate,
    /// A sample of sound that is no finite number.
    Sample,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Head(part) => f.write_str(match part {
                HeadPart::Magic => "first bytes that are not those of the format; allowed: its mark",
                HeadPart::Content => "a head that cannot be read; allowed: one of the format",
                HeadPart::Columns => "a head that does not name t, x, y and p once each; allowed: these, in any order",
            }),
            Self::Length { found, most } => write!(f, "a length of {found} bytes; allowed: up to {most}"),
            Self::Unsupported(what) => f.write_str(match what {
                Unsupported::Compression => "a compression that is not read; allowed: none, LZ4, ZSTD",
                Unsupported::Dictionary => "data that need a dictionary; allowed: such as need none",
                Unsupported::Window => "a ZSTD frame that needs too large a window; allowed: up to 7,864,320 bytes",
                Unsupported::NoEvents => "no stream of events; allowed: one or more",
                Unsupported::Version => "a version that is not read; allowed: 1 to 3",
                Unsupported::DataType => "a data type that is not read; allowed: integers, floats and bool",
                Unsupported::Order => "an array in Fortran order; allowed: C order",
                Unsupported::Shape => "a shape that is not read; allowed: (N,) with fields, or (N, 4)",
            }),
            Self::Stream { found } => write!(f, "a packet of stream {found}; allowed: streams that the head names"),
            Self::Compressed => f.write_str("a packet that cannot be decompressed; allowed: a whole one"),
            Self::Structure => f.write_str("a packet that points outside itself; allowed: places within it"),
            Self::Value { field, index } => {
                write!(f, "{} of event {index} cannot be read; allowed: {}", field.name(), field.allowed())
            }
            Self::Columns { found, needed } => write!(f, "a line with {found} values; allowed: at least {needed}"),
            Self::Missing { found, needed } => write!(f, "{found} records; allowed: {needed}, as the head says"),
            Self::Trailing => f.write_str("bytes after the last record; allowed: none"),
            Self::NoFormat => f.write_str("samples before their format; allowed: a chunk fmt before them"),
            Self::Channels { found, most } => write!(f, "{found} channels; allowed: 1 to {most}"),
            Self::SampleSize { bits, frame_bytes } => write!(
                f,
                "samples of {bits} bits in frames of {frame_bytes} bytes; allowed: 1 to 32 bits, or floats of 32 or 64"
            ),
            Self::Rate => f.write_str("0 frames a second; allowed: 1 or more"),
            Self::Sample => f.write_str("a sample that is no finite number; allowed: -1 to 1"),
        }
    }
}
