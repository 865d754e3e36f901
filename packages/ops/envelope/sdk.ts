import { createRequire } from 'node:module'
import type * as Sdk from '@aws-crypto/client-node'

/*
 * The AWS Encryption SDK by those of its packages that we use. Its index also loads clients of KMS and DynamoDB: two thirds of the time,
 * and code for talking to a network in the one process that holds a key.
 */
const require = createRequire(import.meta.resolve('@aws-crypto/client-node'))
const { buildEncrypt } = require('@aws-crypto/encrypt-node') as typeof Sdk
const { buildDecrypt } = require('@aws-crypto/decrypt-node') as typeof Sdk
const { RawAesKeyringNode, RawAesWrappingSuiteIdentifier } = require('@aws-crypto/raw-aes-keyring-node') as typeof Sdk
const { AlgorithmSuiteIdentifier, CommitmentPolicy } = require('@aws-crypto/material-management-node') as typeof Sdk
const options = { commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, maxEncryptedDataKeys: 1 }

export const { encryptStream } = buildEncrypt(options)
/** Refuses messages with a signature, whose content it would give away before the signature. */
export const { decryptUnsignedMessageStream } = buildDecrypt(options)
export const committingSuite = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY

/** Wraps data keys with `key`. The SDK erases the buffer it is given and goes on with zeros: so it gets a copy (cloud.md F1). */
export const keyring = (key: Uint8Array, keyNamespace: string, keyName: string): Sdk.RawAesKeyringNode =>
  new RawAesKeyringNode({
    keyName,
    keyNamespace,
    unencryptedMasterKey: Uint8Array.from(key),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  })
