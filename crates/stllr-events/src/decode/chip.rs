//! The sensors that AEDAT headers name.

/// How a sensor writes its addresses in AEDAT 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addresses {
    /// 15 bits: DVS128 and its forerunner.
    Dvs128,
    /// 32 bits, with frames and inertial samples among them.
    Davis,
}

/// A sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chip {
    pub addresses: Addresses,
    /// Width and height.
    pub sensor: Option<(u32, u32)>,
}

/// What jAER takes a file for that names no chip.
pub(super) const DVS128: Chip = Chip { addresses: Addresses::Dvs128, sensor: Some((128, 128)) };

/// Names, in capitals, that a chip's name may begin with; the longer ones first.
const CHIPS: [(&str, Chip); 10] = [
    ("DVS128", DVS128),
    ("TMPDIFF128", DVS128),
    ("DAVIS128", davis(Some((128, 128)))),
    ("DAVIS208", davis(Some((208, 192)))),
    ("DAVIS240", davis(Some((240, 180)))),
    ("DAVIS346", davis(Some((346, 260)))),
    ("DAVIS640", davis(Some((640, 480)))),
    ("DAVIS", davis(None)),
    ("APSDVS", davis(None)),
    ("SBRET10", davis(Some((240, 180)))),
];

const fn davis(sensor: Option<(u32, u32)>) -> Chip {
    Chip { addresses: Addresses::Davis, sensor }
}

/// The chip of a name, which may be that of a Java class with its package.
pub(super) fn chip(name: &str) -> Option<Chip> {
    let name = name.rsplit('.').next().unwrap_or(name);
    let begins =
        |&&(begin, _): &&(&str, Chip)| name.get(..begin.len()).is_some_and(|name| name.eq_ignore_ascii_case(begin));
    CHIPS.iter().find(begins).map(|&(_, chip)| chip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_is_known_by_the_begin_of_its_class() {
        assert_eq!(chip("ch.unizh.ini.jaer.chip.retina.DVS128"), Some(DVS128));
        let davis = chip("eu.seebetter.ini.chips.davis.Davis346blue").expect("a DAVIS");
        assert_eq!(davis, Chip { addresses: Addresses::Davis, sensor: Some((346, 260)) });
        assert_eq!(chip("DAViS999").map(|chip| chip.sensor), Some(None));
        assert_eq!(chip("ch.unizh.ini.jaer.chip.cochlea.CochleaAMS1c"), None);
        assert_eq!(chip(""), None);
    }
}
