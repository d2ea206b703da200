import { crc32, deflateRawSync } from 'node:zlib';

/** A zip file of these files, by the format's own layout (APPNOTE.TXT 4.3), so that it may be as bad as a test wants it. An undefined file is left out. */
export function zipOf(files: Readonly<Record<string, string | Uint8Array | undefined>>, { mode = 0o100644, claimedSize }: { readonly mode?: number; readonly claimedSize?: number } = {}): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) continue;
    const [name, bytes] = [Buffer.from(path), Buffer.from(content)];
    const packed = deflateRawSync(bytes);
    const sizes = Buffer.alloc(12);
    sizes.writeUInt32LE(crc32(bytes), 0);
    sizes.writeUInt32LE(packed.length, 4);
    sizes.writeUInt32LE(claimedSize ?? bytes.length, 8);
    const versionFlagsMethodTime = Buffer.from([20, 0, 0, 8, 8, 0, 0, 0, 0x21, 0]); // version 2.0, names in UTF-8, deflate
    const nameLength = Buffer.alloc(4);
    nameLength.writeUInt16LE(name.length, 0);
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), versionFlagsMethodTime, sizes, nameLength, name, packed]);
    const place = Buffer.alloc(14); // comment length, disk, internal attributes, external attributes, offset
    place.writeUInt32LE((mode << 16) >>> 0, 6);
    place.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from([0x50, 0x4b, 1, 2, 20, 3]), versionFlagsMethodTime, sizes, nameLength, place, name]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
