#!/usr/bin/python3
"""Opens a backup set of ERP4 without ERP4: Python 3.9 or newer, its package `cryptography` 3.4 or newer, and the command `zstd`.

    open_backup.py set SET OUT KEY [--trust FILE]... [--also FOLDER]...
        SET is a folder with manifest.json and its parts; OUT gets db.dump (pg_restore opens it), files.tar and facts.json.
    open_backup.py files FILES_TAR BLOBS_CSV OUT KEY
        decrypts the files in files.tar; BLOBS_CSV comes from the restored database:
        \\copy (select hash, size, encode(wrapped_key, 'hex') from blob) to 'blobs.csv' csv

KEY is one of
    --root-key FILE --key-object FILE    the root key (base64, or two of the three shares of the recovery kit, a line each),
                                         and keys/<instance>/<version>.sealed from a store
    --backup-key FILE                    the instance's key for backups (base64); it does not open files

It was written from the published message format of the AWS Encryption SDK (version 2), not from that software.
Exit codes: 0 all of it was opened and is what the manifest says; 1 it is not, and nothing is left; 2 the command line makes no sense.
"""

import argparse
import base64
import csv
import hashlib
import hmac
import json
import os
import re
import struct
import subprocess
import sys
import tarfile

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.serialization import load_pem_public_key

MIB = 1024 * 1024


class Refused(Exception):
    """One sentence for whoever runs this."""


def main(arguments):
    try:
        order = command_line().parse_args(arguments)
        os.umask(0o077)
        order.run(order)
    except Refused as refusal:
        print(f"open_backup: {refusal}", file=sys.stderr)
        return 1
    return 0


def command_line():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("set")
    one.add_argument("set")
    one.add_argument("out")
    one.add_argument("--trust", action="append", default=[], help="a public key (PEM) that the manifest may be signed by")
    one.add_argument("--also", action="append", default=[], help="folder of another set, whose parts this one shares")
    one.set_defaults(run=open_set)
    two = commands.add_parser("files")
    two.add_argument("tar")
    two.add_argument("blobs")
    two.add_argument("out")
    two.set_defaults(run=open_files)
    for command in (one, two):
        command.add_argument("--root-key")
        command.add_argument("--key-object")
        command.add_argument("--backup-key")
    return parser


# --- sets ---------------------------------------------------------------------------------------------------------------------------


def open_set(order):
    manifest_bytes = read(os.path.join(order.set, "manifest.json"))
    if order.trust:
        demand_signature(order, manifest_bytes)
    else:
        print("open_backup: without --trust FILE nobody checks who wrote the manifest.", file=sys.stderr)
    manifest = json.loads(manifest_bytes)
    if manifest.get("v") != 1:
        raise Refused(f"the manifest is of version {manifest.get('v')}, which this program does not know.")
    key = backup_key(order, manifest["instance"], manifest["key_version"])
    os.makedirs(order.out, exist_ok=True)
    names = output_names(manifest["parts"])
    made = []
    try:
        for part in manifest["parts"]:
            target = os.path.join(order.out, names[part["name"]])
            if os.path.exists(target):
                raise Refused(f"{target} is there already: nothing is written over.")
            open_part(find_part(order, part), key, manifest, part, target + ".part")
            made.append(target)
    except BaseException:
        for target in [*made, *(os.path.join(order.out, name) for name in names.values())]:
            if os.path.exists(target + ".part"):
                os.remove(target + ".part")
        raise
    for target in made:
        os.rename(target + ".part", target)
        print(target)


def output_names(parts):
    usual = {"database": "db.dump", "files": "files.tar", "facts": "facts.json"}
    kinds = [part["kind"] for part in parts]
    names = {}
    for part in parts:
        if not re.fullmatch(r"[a-z]+-\d{3}(\.tar)?\.esdk", part["name"]) or part["kind"] not in usual:
            raise Refused(f"the manifest names a part {part['name']!r} of kind {part['kind']!r}, which this program does not know.")
        name = usual[part["kind"]]
        names[part["name"]] = name if kinds.count(part["kind"]) == 1 else f"{part['name'].split('.')[0]}-{name}"
    return names


def find_part(order, part):
    folders = [order.set] if part["shared_from"] is None else [f for f in order.also if part["shared_from"] in os.path.basename(f.rstrip("/"))]
    for folder in folders:
        if os.path.exists(os.path.join(folder, part["name"])):
            return os.path.join(folder, part["name"])
    raise Refused(f"the part {part['name']} is missing; it belongs to the set {part['shared_from'] or 'itself'} (--also FOLDER).")


def open_part(path, key, manifest, part, target):
    if os.path.getsize(path) != part["bytes"] or digest(path) != part["sha256"]:
        raise Refused(f"{path} is not the part that the manifest names: its SHA-256 or length is another one.")
    context = {
        "instance": manifest["instance"],
        "set": part["shared_from"] or manifest["set"],
        "part": part["name"],
        "version": "1",
    }
    with open(path, "rb") as source, open(target, "wb") as sink:
        if part["kind"] == "files":
            for content in message(source, path, key, context):
                sink.write(content)
        else:
            decompress(message(source, path, key, context), sink, path)
        sink.flush()
        os.fsync(sink.fileno())
    if os.path.getsize(target) != part["plain_bytes"] or digest(target) != part["plain_sha256"]:
        raise Refused(f"what is in {path} is not what the manifest says.")


def decompress(contents, sink, path):
    zstd = subprocess.Popen(["zstd", "--decompress", "--quiet", "--stdout"], stdin=subprocess.PIPE, stdout=sink)
    try:
        for content in contents:
            zstd.stdin.write(content)
        zstd.stdin.close()
    except BrokenPipeError:
        pass  # zstd says why by its exit code
    except BaseException:
        zstd.kill()
        zstd.wait()
        raise
    if zstd.wait() != 0:
        raise Refused(f"zstd cannot decompress what is in {path}.")


# --- the message format of the AWS Encryption SDK, version 2 --------------------------------------------------------------------------

SUITE = 0x0478  # AES-256-GCM, HKDF-SHA-512, key commitment, no signature
FINAL = 0xFFFFFFFF


def message(source, path, key, context):
    """The content, frame after frame; each is authentic when it is given, and the last one proves that nothing is missing."""
    take = reader(source, path)
    header = Recorder(take)
    version, suite = header.unpack(">BH")
    if version != 2 or suite != SUITE:
        raise Refused(f"{path} is no message of version 2 with the suite {SUITE:#06x}.")
    message_id = header.take(32)
    serialized = header.take(*header.unpack(">H"))
    if parse_context(serialized) != context:
        raise Refused(f"{path} was sealed as something else: {json.dumps(parse_context(serialized))}.")
    data_keys = [[header.take(*header.unpack(">H")) for _ in range(3)] for _ in range(*header.unpack(">H"))]
    content_type, frame_length = header.unpack(">BI")
    if content_type != 2:
        raise Refused(f"{path} has no frames.")
    commitment = header.take(32)
    data_key = unwrap(data_keys, key, serialized, path)
    # Both keys come from one extraction with the message's id as salt.
    extracted = hmac.new(message_id, data_key, hashlib.sha512).digest()
    if not hmac.compare_digest(expand(extracted, b"COMMITKEY"), commitment):
        raise Refused(f"{path} is not committed to this key.")
    cipher = AESGCM(expand(extracted, struct.pack(">H", suite) + b"DERIVEKEY"))
    authentic(cipher, bytes(12), take(16), bytes(header.taken), f"the header of {path}")
    number = 0
    while True:
        number += 1
        (sequence,) = struct.unpack(">I", take(4))
        last = sequence == FINAL
        if last:
            (sequence,) = struct.unpack(">I", take(4))
        nonce = take(12)
        length = struct.unpack(">I", take(4))[0] if last else frame_length
        if sequence != number or length > frame_length:
            raise Refused(f"{path} has its frames in another order.")
        name = b"AWSKMSEncryptionClient Final Frame" if last else b"AWSKMSEncryptionClient Frame"
        associated = message_id + name + struct.pack(">IQ", sequence, length)
        yield authentic(cipher, nonce, take(length + 16), associated, f"frame {number} of {path}")
        if last:
            break
    if source.read(1):
        raise Refused(f"{path} goes on after its end.")


def unwrap(data_keys, key, context, path):
    """A raw AES keyring: the provider's info ends with the lengths of tag (bits) and nonce, and the nonce."""
    for provider, info, wrapped in data_keys:
        if provider == b"erp4" and info[-20:-12] == struct.pack(">II", 128, 12):
            try:
                return AESGCM(key).decrypt(info[-12:], wrapped, context)
            except InvalidTag:
                pass
    raise Refused(f"{path} was sealed with another key.")


def parse_context(serialized):
    take = slicer(serialized)
    text = lambda: take(*struct.unpack(">H", take(2))).decode()
    return {text(): text() for _ in range(*struct.unpack(">H", take(2)))}


def authentic(cipher, nonce, sealed, associated, what):
    try:
        return cipher.decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise Refused(f"{what} was altered.") from None


def expand(extracted, info):
    return HKDFExpand(algorithm=hashes.SHA512(), length=32, info=info).derive(extracted)


class Recorder:
    """Keeps what was read: the header is authenticated as a whole."""

    def __init__(self, take):
        self.source, self.taken = take, bytearray()

    def take(self, length):
        piece = self.source(length)
        self.taken += piece
        return piece

    def unpack(self, layout):
        return struct.unpack(layout, self.take(struct.calcsize(layout)))


def reader(source, path):
    def take(length):
        piece = source.read(length)
        if len(piece) < length:
            raise Refused(f"{path} ends too early.")
        return piece

    return take


def slicer(content):
    at = 0

    def take(length):
        nonlocal at
        at += length
        return content[at - length : at]

    return take


# --- files --------------------------------------------------------------------------------------------------------------------------


def open_files(order):
    instance, key = instance_key(order)
    wrap = derive(key, "files")
    with open(order.blobs, newline="") as table:
        blobs = {name: (int(size), bytes.fromhex(wrapped)) for name, size, wrapped in csv.reader(table)}
    os.makedirs(order.out, exist_ok=True)
    with tarfile.open(order.tar) as tar:
        for member in tar:
            name = os.path.basename(member.name)
            if not member.isfile() or not re.fullmatch(r"[0-9a-f]{64}", name) or name not in blobs:
                print(f"open_backup: {member.name} has no row in {order.blobs}, and is left out.", file=sys.stderr)
                continue
            size, wrapped = blobs.pop(name)
            associated = f"erp4.file-key.1\n{instance}\n{name}".encode()
            file_key = AESGCM(authentic(AESGCM(wrap), wrapped[1:13], wrapped[13:], associated, f"the key of {name}"))
            with open(os.path.join(order.out, name), "xb") as sink:
                decrypt_file(tar.extractfile(member), file_key, name, size, sink)
    if blobs:
        raise Refused(f"{len(blobs)} files have a row and are not in {order.tar}, such as {next(iter(blobs))}.")


def decrypt_file(source, key, name, size, sink):
    last = max(0, -(-size // MIB) - 1)
    for number in range(last + 1):
        nonce = struct.pack(">B3xQ", number == last, number)
        chunk = source.read(min(MIB, size - number * MIB) + 16)
        sink.write(authentic(key, nonce, chunk, b"erp4.file.1\n" + name.encode() + nonce, f"chunk {number} of {name}"))


# --- keys ---------------------------------------------------------------------------------------------------------------------------


def backup_key(order, instance, version):
    if order.backup_key:
        return base64_key(read(order.backup_key).decode(), order.backup_key)
    found, key = instance_key(order, instance, version)
    if found != instance:
        raise Refused(f"the key object is of instance {found}, the set of {instance}.")
    return derive(key, "backup")


def instance_key(order, instance=None, version=None):
    """The key object is sealed under the root key: 01, nonce (12), AES-256-GCM, tag; bound to instance, purpose and version."""
    if not order.root_key or not order.key_object:
        raise Refused("give --root-key FILE and --key-object FILE.")
    root = root_key(read(order.root_key).decode())
    sealed = read(order.key_object)
    path = re.search(r"([0-9a-f-]{36})/(\d+)\.sealed$", os.path.abspath(order.key_object))
    instance, version = instance or (path and path[1]), version or (path and int(path[2]))
    if not instance:
        raise Refused("keep the key object under the name that it has in the store: <instance>/<version>.sealed.")
    associated = json.dumps(["erp4", instance, "instance key", version], separators=(",", ":")).encode()
    if len(sealed) != 61 or sealed[0] != 1:
        raise Refused(f"{order.key_object} is no key object.")
    try:
        return instance, AESGCM(root).decrypt(sealed[1:13], sealed[13:], associated)
    except InvalidTag:
        raise Refused(f"the root key does not open {order.key_object} as version {version} of {instance}.") from None


def derive(key, purpose):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"erp4 {purpose}".encode()).derive(key)


def root_key(text):
    return combine(text) if "ERP4-1-" in text.upper() else base64_key(text, "the root key")


def base64_key(text, what):
    key = base64.b64decode(text.strip(), validate=True)
    if len(key) != 32 or key == bytes(32):
        raise Refused(f"{what} is not a key of 32 bytes, or only zeros.")
    return key


def combine(text):
    """Two shares: Crockford's base 32 of id (8), split (2), Shamir share (32 values and their x), checksum (5)."""
    shares = []
    for line in filter(None, (line.strip().upper() for line in text.splitlines())):
        letters = re.sub(r"[\s-]", "", line[len("ERP4-1-") :]).replace("O", "0").translate(str.maketrans("IL", "11"))
        number = 0
        for letter in letters:
            number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter)
        raw = (number >> (len(letters) * 5 - 48 * 8)).to_bytes(48, "big")
        if hashlib.sha256(raw[:-5]).digest()[:5] != raw[-5:]:
            raise Refused(f"a share has a mistake in it: {line}")
        shares.append(raw)
    if len(shares) < 2 or shares[0][:10] != shares[1][:10] or shares[0] == shares[1]:
        raise Refused("two different shares of one kit are needed.")
    one, two = shares[0][10:43], shares[1][10:43]
    root = bytes(interpolate(one[-1], two[-1], a, b) for a, b in zip(one[:-1], two[:-1]))
    if derive(root, "key id")[:8] != shares[0][:8]:
        raise Refused("the shares make another key than their kit's.")
    return root


def interpolate(x1, x2, y1, y2):
    """The line through two points, at zero, over GF(2^8) modulo x^8 + x^4 + x^3 + x + 1."""
    over = inverse(x1 ^ x2)
    return multiply(multiply(y1, x2) ^ multiply(y2, x1), over)


def multiply(a, b):
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def inverse(a):
    return next(b for b in range(256) if multiply(a, b) == 1)


# --- small things -------------------------------------------------------------------------------------------------------------------


def demand_signature(order, manifest):
    signature = json.loads(read(os.path.join(order.set, "manifest.sig")))
    for path in order.trust:
        try:
            load_pem_public_key(read(path)).verify(base64.b64decode(signature["sig"]), manifest)
            return
        except InvalidSignature:
            continue
    raise Refused(f"the manifest is signed by {signature.get('keyid')}, which is none of the keys given with --trust, or was altered.")


def read(path):
    try:
        with open(path, "rb") as source:
            return source.read()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from None


def digest(path):
    sha256 = hashlib.sha256()
    with open(path, "rb") as source:
        while piece := source.read(MIB):
            sha256.update(piece)
    return sha256.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
