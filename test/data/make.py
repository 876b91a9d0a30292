"""Writes the HDF5, NPZ, WAV and PNG files of this folder, and truth.json, by h5py, NumPy, OpenCV and Python's own wave: not by stllr.

    python3 -m venv venv && venv/bin/pip install h5py==3.16.0 numpy opencv-python-headless && venv/bin/python test/data/make.py
"""

import hashlib
import json
import os
import wave

import cv2
import h5py
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))
rng = np.random.default_rng(1)
truth = {}


def note(name, t, x, y=None, p=None, **more):
    """What a file holds: the count and SHA-256 of its events as u64 us, u16 x, u16 y, u8 p."""
    rows = np.zeros(len(t), dtype=[("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")])
    rows["t"], rows["x"] = t, x
    rows["y"], rows["p"] = 0 if y is None else y, 0 if p is None else p
    truth[name] = {"count": len(t), "digest": hashlib.sha256(rows.tobytes()).hexdigest(), **more}


def microseconds(seconds):
    """To the nearest, halves up."""
    return np.floor(np.asarray(seconds, dtype="f8") * 1e6 + 0.5).astype("u8")


def spikes(name, times, units, speakers=True):
    """The layout of SHD and SSC."""
    count = 6
    with h5py.File(name, "w", libver="latest") as file:
        group = file.create_group("spikes")
        t = group.create_dataset("times", (count,), dtype=h5py.vlen_dtype(np.dtype(times)))
        u = group.create_dataset("units", (count,), dtype=h5py.vlen_dtype(np.dtype(units)))
        every = []
        for index in range(count):
            size = [40, 0, 25, 30, 35, 10][index]
            t[index] = np.sort(rng.random(size) * 1.4).astype(times)
            u[index] = rng.integers(0, 700, size).astype(units)
            every.append((microseconds(t[index]), u[index].astype("u2")))
            note(f"{name}[{index}]", *every[-1])
        file["labels"] = np.array([3, 19, 0, 3, 7, 11], dtype="u2")
        if speakers:
            file["extra/speaker"] = np.array([0, 4, 5, 0, 1, 4], dtype="u2")
            file["extra/keys"] = np.array([f"word{n}" for n in range(20)], dtype="S21")
    note(name, *(np.concatenate([pair[part] for pair in every]) for part in (0, 1)), labels=[3, 19, 0, 3, 7, 11])


spikes("shd-float16.h5", "<f2", "<u2")
spikes("shd-float32.h5", "<f4", "<i8", speakers=False)


def camera(count, width=346, height=260):
    t = np.sort(rng.integers(0, 50_000, count)).astype("u8")
    return t, rng.integers(0, width, count), rng.integers(0, height, count), rng.integers(0, 2, count)


# MVSEC: rows of float64, polarities of both signs, pictures of the same sensor.
t, x, y, p = camera(600)
seconds = 1_504_645_177.42 + t / 1e6
with h5py.File("mvsec.hdf5", "w", libver="latest") as file:
    rows = np.stack([x, y, seconds, p * 2.0 - 1], axis=1)
    file.create_dataset("davis/left/events", data=rows, chunks=(128, 4), compression="gzip", shuffle=True)
    file.create_dataset("davis/right/events", data=rows[::2])
    file.create_dataset("davis/left/image_raw", (2, 260, 346), dtype="u1", chunks=(1, 260, 346), compression="gzip")
note("mvsec.hdf5", microseconds(seconds), x, y, p)
note("mvsec.hdf5 right", microseconds(seconds[::2]), x[::2], y[::2], p[::2])

# DSEC: whole us from an offset, and the first row of each ms.
t, x, y, p = camera(900, 640, 480)
with h5py.File("dsec.h5", "w", libver="latest") as file:
    for name, values, kind in (("t", t, "u4"), ("x", x, "u2"), ("y", y, "u2"), ("p", p, "u1")):
        file.create_dataset(f"events/{name}", data=values.astype(kind), chunks=(100,), compression="gzip")
    file["t_offset"] = np.int64(49_599_300_523)
    file["ms_to_idx"] = np.searchsorted(t, np.arange(0, int(t[-1]) // 1000 + 2) * 1000).astype("u8")
note("dsec.h5", t + 49_599_300_523, x, y, p)
part = (t >= 12_345) & (t < 33_333)
note("dsec.h5 window", (t + 49_599_300_523)[part], x[part], y[part], p[part])

# event_flow: an array a field, in seconds; polarities as h5py's booleans. Some bytes the other way round.
t, x, y, p = camera(300)
with h5py.File("event-flow.h5", "w", libver="latest") as file:
    file["events/ts"], file["events/xs"] = (t / 1e6).astype(">f8"), x.astype(">i2")
    file["events/ys"], file["events/ps"] = y.astype("i2"), p.astype(bool)
    file.attrs["t0"] = t[0] / 1e6
    file.attrs["sensor_resolution"] = np.array([260, 346])
note("event-flow.h5", t, x, y, p)

# What is not read.
with h5py.File("metavision.hdf5", "w", libver="latest") as file:
    kind = [("x", "<u2"), ("y", "<u2"), ("p", "<i2"), ("t", "<i8")]
    file["CD/events"] = np.zeros(3, dtype=kind)
with h5py.File("lzf.h5", "w", libver="latest") as file:
    for name in "txyp":
        file.create_dataset(f"events/{name}", data=np.arange(500) % 200, compression="lzf")

# NPZ: packed and not, as SpikingJelly writes them, other spellings and orders of the arrays, and one structured array.
t, x, y, p = camera(5000)
np.savez_compressed("columns.npz", t=t.astype("i8"), x=x.astype("i2"), y=y.astype("i2"), p=p.astype(bool))
np.savez("stored.npz", pol=p[:200] * 2 - 1, ys=y[:200].astype("f4"), timestamps=t[:200] / 1e6, xs=x[:200].astype(">u2"))
structured = np.zeros(300, dtype=[("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")])
structured["t"], structured["x"], structured["y"], structured["p"] = t[:300], x[:300], y[:300], p[:300]
np.savez("structured.npz", events=structured)
np.savez("spikes.npz", t=np.array([0.25, 0.5, 1.0], dtype="f2"), x=np.array([699, 0, 3]))
note("columns.npz", t, x, y, p)
note("stored.npz", t[:200], x[:200], y[:200], p[:200])
note("structured.npz", t[:300], x[:300], y[:300], p[:300])
note("spikes.npz", [250_000, 500_000, 1_000_000], [699, 0, 3])

# WAV of 16 bits, two channels.
sound = rng.integers(-30_000, 30_000, 2 * 700).astype("<i2")
with wave.open("stereo.wav", "wb") as file:
    file.setnchannels(2)
    file.setsampwidth(2)
    file.setframerate(44_100)
    file.writeframes(sound.tobytes())
truth["stereo.wav"] = {"count": 700, "digest": hashlib.sha256(sound.tobytes()).hexdigest()}

# A flow map of DSEC: red and green are 2^15 + 128 times the way right and down, blue says where it is known. OpenCV's order is blue first.
rows, columns = np.mgrid[0:480, 0:640]
right, down = (columns // 64 - 4) * 2.5, (rows // 48 - 4) * -1.25
known = (columns + rows) % 200 < 150
picture = np.stack([known, (down * 128 + 2**15) * known, (right * 128 + 2**15) * known], axis=2).astype("u2")
cv2.imwrite("dsec-flow.png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])

with open("truth.json", "w") as file:
    json.dump(truth, file, indent="\t")
    file.write("\n")
