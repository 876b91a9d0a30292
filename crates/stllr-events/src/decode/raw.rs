//! Prophesee RAW files: a header of `% key value` lines, maybe `% end`, then words of EVT2, EVT2.1 or EVT3.
//!
//! The version stands in `% format EVT3;height=720;width=1280` or, in older files, in `% evt 3.0`; a file that names
//! another one than it is read as is refused, one that names none is taken at its word. Width and height stand in the
//! same line or in `% geometry 1280x720`; where they are missing, the sensor's name or generation gives them
//! (generation 3: 640 x 480, generation 4, IMX636 and IMX646: 1280 x 720). Lines of more than 64 KiB and headers of
//! more than 4 MiB are refused.
//!
//! Events before the first statement of a clock (or, in EVT3, of a row) have no time: recordings begin so where they
//! were cut out of a running sensor's stream. They are left out and counted, whatever is to be done about faults.

use super::lines::{Line, Lines};
use super::stream::{Layout, Step, Stop, cut_record};
use crate::chunk::Chunk;
use crate::decode::fault::DecodeFaultKind;

/// Systems from this number on write the halves of an EVT2.1 word in the order of the rest of the word.
const FIRST_IN_ORDER: u32 = 0x37;

/// What a header says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    /// Ten times the version of the words.
    pub version: Option<u32>,
    sensor: Option<(u32, u32)>,
    /// The sensor of that name or generation.
    named: Option<(u32, u32)>,
    /// Does it say that the halves of a word are swapped?
    swapped: Option<bool>,
    system: u32,
}

impl Header {
    /// Takes the text of a line. True where it is the last one.
    pub fn line(&mut self, text: &str) -> bool {
        let (key, value) = text.split_once(' ').unwrap_or((text, ""));
        let value = value.trim();
        match key {
            "end" => return true,
            "format" => self.format(value),
            "evt" => self.version = self.version.or(super::version_number(value)),
            "geometry" => self.sensor = self.sensor.or(size(value.split_once('x'))),
            "endianness" => self.swapped = Some(value == "legacy"),
            "system_ID" => self.system = value.parse().unwrap_or(0),
            "plugin_name" | "sensor_name" | "sensor_generation" => self.named = self.named.or(named(key, value)),
            _ => {}
        }
        false
    }

    fn format(&mut self, value: &str) {
        let mut parts = value.split(';');
        self.version = match parts.next() {
            Some("EVT2") => Some(20),
            Some("EVT21") => Some(21),
            Some("EVT3") => Some(30),
            _ => Some(0),
        };
        let (mut width, mut height) = (None, None);
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            match key {
                "width" => width = Some(value),
                "height" => height = Some(value),
                "endianness" => self.swapped = Some(value == "legacy"),
                _ => {}
            }
        }
        self.sensor = size(width.zip(height)).or(self.sensor);
    }

    /// Are the halves of an EVT2.1 word swapped? Without a word on it the system's number decides, as it does for the
    /// vendor's reader.
    pub fn is_swapped(&self) -> bool {
        self.swapped.unwrap_or((1..FIRST_IN_ORDER).contains(&self.system))
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        self.sensor.or(self.named)
    }
}

fn size(texts: Option<(&str, &str)>) -> Option<(u32, u32)> {
    let (width, height) = texts?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

/// The size of a sensor by its name or generation.
fn named(key: &str, value: &str) -> Option<(u32, u32)> {
    let has = |part| value.contains(part);
    let is_generation = |number: &str| key == "sensor_generation" && value.starts_with(number);
    if has("gen3") || has("Gen3") || is_generation("3.") {
        return Some((640, 480));
    }
    let is_4 = has("gen4") || has("Gen4") || has("imx636") || has("IMX636") || has("imx646") || has("IMX646");
    (is_4 || is_generation("4.")).then_some((1280, 720))
}

/// The words behind a header.
pub(super) trait Words {
    /// Ten times the version.
    const VERSION: u32;
    /// Bytes of a word.
    const WORD: usize;

    /// The state at the start of a stream.
    fn start() -> Self;

    /// Takes what the header says.
    fn begin(&mut self, _header: &Header) {}

    /// Reads words: see [`Layout::read`].
    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step;
}

/// The layout of a RAW file.
#[derive(Debug)]
pub(super) struct Raw<W> {
    lines: Lines,
    header: Header,
    in_header: bool,
    words: W,
}

impl<W: Words> Raw<W> {
    pub fn new() -> Self {
        Self { lines: Lines::percent(), header: Header::default(), in_header: true, words: W::start() }
    }

    fn line(&mut self) -> Result<(), DecodeFaultKind> {
        let is_end = self.header.line(self.lines.text());
        match self.header.version {
            Some(found) if found != W::VERSION => Err(DecodeFaultKind::Version { found, allowed: W::VERSION }),
            _ => {
                if is_end {
                    self.begin();
                }
                Ok(())
            }
        }
    }

    fn begin(&mut self) {
        self.in_header = false;
        self.words.begin(&self.header);
    }
}

impl<W: Words> Layout for Raw<W> {
    fn restart(&self) -> Self {
        Self::new()
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut taken = 0;
        while self.in_header {
            let (read, line) = self.lines.read(&bytes[taken..]);
            taken += read;
            let lost = match line {
                Line::More => return Step { taken, stop: Stop::More },
                Line::Whole => self.line().err().map(|kind| (kind, self.lines.line())),
                Line::TooLong(kind, back) => Some((kind, back)),
                Line::Body => {
                    self.begin();
                    None
                }
            };
            if let Some((kind, back)) = lost {
                return Step { taken, stop: Stop::Lost { kind, back } };
            }
        }
        let step = self.words.read(&bytes[taken..], out);
        Step { taken: taken + step.taken, stop: step.stop }
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        if self.in_header { self.lines.end(held, false) } else { cut_record(held, W::WORD) }
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        if self.in_header { None } else { self.header.sensor() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(lines: &[&str]) -> Header {
        let mut header = Header::default();
        for line in lines {
            header.line(line);
        }
        header
    }

    #[test]
    fn the_format_line_and_the_older_lines() {
        let new = header(&["evt 3.0", "format EVT21;height=720;width=1280;endianness=legacy"]);
        assert_eq!((new.version, new.sensor(), new.is_swapped()), (Some(21), Some((1280, 720)), true));
        let old = header(&["system_ID 48", "evt 2.1", "geometry 640x480"]);
        assert_eq!((old.version, old.sensor(), old.is_swapped()), (Some(21), Some((640, 480)), true));
        let later = header(&["system_ID 55", "format HISTO3D"]);
        assert_eq!((later.version, later.sensor(), later.is_swapped()), (Some(0), None, false));
        assert!(header(&["endianness legacy"]).is_swapped());
        assert!(!header(&["system_ID 48", "endianness little"]).is_swapped());
        assert!(Header::default().line("end"));
    }

    #[test]
    fn a_sensor_without_a_size_is_known_by_its_name() {
        assert_eq!(header(&["plugin_name hal_plugin_gen41_evk3"]).sensor(), Some((1280, 720)));
        assert_eq!(header(&["sensor_generation 3.1"]).sensor(), Some((640, 480)));
        assert_eq!(header(&["sensor_name IMX636", "geometry 320x240"]).sensor(), Some((320, 240)));
        assert_eq!(header(&["serial_number 4.1", "geometry 320"]).sensor(), None);
    }
}
