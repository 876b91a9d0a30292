// Arrays as numpy stores them (.npy), of bytes, in the order of C.

export { type ByteArray, readNpy } from "../../../dist/datasets/named/npy.js";
