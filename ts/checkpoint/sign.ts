// Signatures: who made a checkpoint, by Ed25519 of the platform's Web Crypto. A signature is made on the frame, whose
// checksums stand for all of the file, and lies behind the body with the key that made it.

import { FormatError, OptionError, StllrError } from "../errors.js";
import { frameOf, open, partsOf, SIGNATURE, seal, setSigned, signedPart } from "./format.js";

const KEY_BYTES = 32;
const ED25519 = { name: "Ed25519" } as const;

/** A pair of keys, both in hexadecimal digits: the private one as PKCS #8, the public one as its 32 bytes. */
export interface Keys {
	readonly privateKey: string;
	readonly publicKey: string;
}

/** Makes a new pair of keys. */
export async function newKeys(): Promise<Keys> {
	const { subtle } = globalThis.crypto;
	const pair = await subtle.generateKey(ED25519, true, ["sign", "verify"]);
	if (!("privateKey" in pair)) throw new StllrError("environment", "the platform makes no pairs of keys");
	const [pkcs8, raw] = await Promise.all([
		subtle.exportKey("pkcs8", pair.privateKey),
		subtle.exportKey("raw", pair.publicKey),
	]);
	return { privateKey: hexOf(new Uint8Array(pkcs8)), publicKey: hexOf(new Uint8Array(raw)) };
}

/**
 * A checkpoint with a signature; one that it had is replaced.
 *
 * @throws FormatError where the checkpoint is damaged, OptionError where a key is none
 */
export async function sign(file: Uint8Array, keys: Keys, source?: string): Promise<Uint8Array> {
	await open(file, source);
	const { subtle } = globalThis.crypto;
	const publicKey = bytesOf("publicKey", keys.publicKey);
	if (publicKey.length !== KEY_BYTES)
		throw new OptionError("publicKey", keys.publicKey, `${2 * KEY_BYTES} hexadecimal digits`);
	let key: CryptoKey;
	try {
		key = await subtle.importKey("pkcs8", bytesOf("privateKey", keys.privateKey), ED25519, false, ["sign"]);
	} catch (cause) {
		// The key itself is not to be told.
		throw new StllrError("option", "privateKey: not an Ed25519 key in PKCS #8, in hexadecimal digits", { cause });
	}
	const { signature } = partsOf(file, frameOf(file, source));
	const unsigned = Uint8Array.from(file.subarray(0, file.length - signature.length));
	setSigned(unsigned, true);
	const sealed = await seal(unsigned);
	const made = new Uint8Array(await subtle.sign(ED25519, key, signedPart(sealed)));
	const signed = new Uint8Array(sealed.length + SIGNATURE);
	signed.set(sealed);
	signed.set(publicKey, sealed.length);
	signed.set(made, sealed.length + KEY_BYTES);
	await verify(signed, [keys.publicKey], source);
	return signed;
}

/**
 * Checks that a checkpoint has the signature of one of these public keys.
 *
 * @returns the key
 * @throws FormatError where it is damaged, has no signature, one of another key, or one that does not fit
 */
export async function verify(file: Uint8Array, publicKeys: readonly string[], source?: string): Promise<string> {
	await open(file, source);
	const frame = frameOf(file, source);
	const { signature } = partsOf(file, frame);
	const at = file.length - signature.length;
	const fail = (offset: number, found: string, allowed: string) => new FormatError(offset, found, allowed, source);
	if (!frame.isSigned) throw fail(14, "no signature", "a signed checkpoint");
	const key = hexOf(signature.subarray(0, KEY_BYTES));
	if (!publicKeys.some((known) => known.toLowerCase() === key)) {
		throw fail(
			at,
			`a signature of the key ${key}`,
			publicKeys.length === 0 ? "none, as no key is trusted" : "one of a trusted key",
		);
	}
	const { subtle } = globalThis.crypto;
	const known = await subtle.importKey("raw", Uint8Array.from(signature.subarray(0, KEY_BYTES)), ED25519, false, [
		"verify",
	]);
	const made = Uint8Array.from(signature.subarray(KEY_BYTES));
	if (!(await subtle.verify(ED25519, known, made, signedPart(file)))) {
		throw fail(at + KEY_BYTES, "a signature that does not fit", "that of the key over these bytes");
	}
	return key;
}

function hexOf(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(option: string, hex: string): Uint8Array<ArrayBuffer> {
	if (!/^([0-9a-fA-F]{2})+$/.test(hex)) throw new StllrError("option", `${option}: not hexadecimal digits`);
	return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
