// Checks that a signature has the one encoding that ssh-keygen writes. If a second encoding were accepted, the same commit would have two
// hashes, and a host that adopted one of them would find that the branch does not descend from it.
// Source of the format: PROTOCOL.sshsig of OpenSSH; of the order L, RFC 8032, 5.1.7.

const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';
/** Characters of base64 in a line of ssh-keygen. */
const WIDTH = 70;

/** What is unusual about it; `undefined` for what ssh-keygen would have written. Without the line break at its end. */
export function oddityOf(armoured: string): string | undefined {
  const lines = armoured.split('\n');
  const blob = Buffer.from(lines.slice(1, -1).join(''), 'base64');
  const again = [BEGIN, ...(blob.toString('base64').match(new RegExp(`.{1,${WIDTH}}`, 'g')) ?? []), END];
  if (again.join('\n') !== armoured) return 'its base64 is not written as ssh-keygen writes it';
  try {
    return oddityIn(new Fields(blob));
  } catch (error) {
    if (error instanceof RangeError) return 'it ends too early';
    throw error;
  }
}

function oddityIn(blob: Fields): string | undefined {
  if (blob.take(6).toString('latin1') !== 'SSHSIG' || blob.number() !== 1)
    return 'it is no SSHSIG of version 1';
  blob.text(); // the key, which the signature must fit
  blob.text(); // the namespace and, below, the hash algorithm are signed
  if (blob.text().length > 0) return 'what is reserved is not empty';
  blob.text();
  const signature = new Fields(blob.text());
  if (blob.left > 0) return 'something follows it';
  const algorithm = signature.text().toString('latin1');
  if (!/^(?:sk-)?ssh-ed25519/.test(algorithm)) return undefined;
  const ed25519 = signature.text();
  if (ed25519.length !== 64) return 'it has another length than Ed25519 gives it';
  const scalar = BigInt(`0x${Buffer.from(ed25519.subarray(32)).reverse().toString('hex')}`);
  return scalar < ORDER ? undefined : 'its number is larger than Ed25519 makes it';
}

/** L of Ed25519. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Fields of RFC 4251, 5. Throws a RangeError where there is no more. */
class Fields {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  take(count: number): Buffer {
    if (count > this.left) throw new RangeError('too short');
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  number(): number {
    return this.take(4).readUInt32BE();
  }

  /** With its length before it. */
  text(): Buffer {
    return this.take(this.number());
  }
}
