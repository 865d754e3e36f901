export { listBackups, rebuildCatalogue, showBackup, type BackupCopy, type BackupSet, type Rebuilt } from './backup/catalogue.ts'
export { contentOf, type Content } from './backup/content.ts'
export { keyObject, setPrefix, type Manifest, type ManifestPart, type SetClass, type SetFacts } from './backup/manifest.ts'
export { finishBackups, type FinishedSet } from './backup/resume.ts'
export { runBackup, type BackupOptions } from './backup/set.ts'
export { openManifest, parseManifest, type SignedManifest } from './backup/signed-manifest.ts'
export { findPostgres } from './binaries.ts'
export { Cluster, type ClusterOptions, type ClusterStatus } from './cluster.ts'
export { buildDownload, type DownloadOptions } from './download/build.ts'
export { copyDownload } from './download/copy.ts'
export { sweepDownloads, type Download } from './download/spool.ts'
export { verifyArchive, type VerifiedArchive, type VerifyOptions } from './download/verify.ts'
export {
  openPart,
  sealPart,
  type OpenedPart,
  type OpenOrder,
  type PartContext,
  type SealedPart,
  type SealOrder,
} from './envelope/envelope.ts'
export { examineHost, type Finding } from './examination.ts'
export { causeOf } from './surroundings.ts'
export { asOpsError, OpsError, type OpsCode } from './errors.ts'
export { Home, openHome, openOrCreateHome } from './home.ts'
export { Host, startHost } from './host.ts'
export { instanceRoles, type InstanceRole } from './host-schema.ts'
export {
  auditHeads,
  connectAs,
  createInstance,
  demandReady,
  findInstance,
  listInstances,
  openPassword,
  renameInstance,
  resumeInstance,
  roleConfig,
  rotatePasswords,
  setApps,
  setHostNames,
  setInstance,
  suspendInstance,
  sweepInstances,
  type Instance,
  type InstanceOrder,
} from './instances.ts'
export { duplicateInstance, type CopyOrder } from './instances-copy.ts'
export {
  deleteInstance,
  deletionFinishers,
  dropCopy,
  dueDeletions,
  finishDeletion,
  holdInstance,
  releaseInstance,
  undeleteInstance,
  type DeletionOrder,
} from './instances-deletion.ts'
export { HostKeys, openInstanceKeys, signingPair, type InstanceKeys } from './keys.ts'
export { kitText, kitTrusts, makeKit, openKitStores, parseKit, type RecoveryKit } from './keys/kit.ts'
export { rotateHostLogins } from './keys/logins.ts'
export { instancesWithKeys, publishKeyObjects, readKeyObject, type AtLocation } from './keys/objects.ts'
export { hasRoot, parseRoot, removeRoot, rootFacts, type RootFacts } from './keys/root.ts'
export { rotateHostKey } from './keys/host-key.ts'
export { retireInstanceKeys, rotateInstanceKey, rotationFinishers, type Retirement } from './keys/instance-rotation.ts'
export { declineTicket, receiveInstance, type ReceiveOrder } from './move/receive.ts'
export { finishMove, moveFinishers, sendInstance, undoMove, type Departure, type SendOrder } from './move/send.ts'
export { invite, longestPaper, openPaper, ownFingerprint, type Invitation, type Receipt, type Ticket } from './move/papers.ts'
export { isRootRotating, rotateRoot, type RootRotation, type RotationStore } from './keys/rotation.ts'
export { combineShares } from './keys/shares.ts'
export { certifyShreddings, listShreddings, shredInstanceKeys, waitsFor, type Shredding } from './keys/shredding.ts'
export { rotateSigner, signerPurposes, trust, trustedKeys, type Signer, type SignerPurpose } from './keys/signers.ts'
export { demandHostName, demandInstanceName, demandZone } from './names.ts'
export { finishInterrupted, listOperations, unfinished, type Finished, type Finisher, type Finishers } from './interrupted.ts'
export { forgetOwnerAsk, hearOwnerAsks, listOwnerAsks, type OwnerAsk } from './owner-asks.ts'
export { dropDeadLocks, operation, type Operation, type OperationOptions, type OperationRecord } from './operation.ts'
export { ensureFolder, writeDurably } from './files.ts'
export { blockedAt, findOsUser, isRoot, userCan, type OsUser } from './os-user.ts'
export { hostLogins, withClient, type HostLogin } from './provision.ts'
export { HostTable, type AuditHead, type HostTableEvents } from './registry.ts'
export { scratchUser, sweepScratch, withScratch, type Scratch } from './restore/scratch.ts'
export { deriveKey, seal, unseal, type SealContext } from './sealing.ts'
export { readingCredentials, sealCredentials, type StoreCredentials } from './stores/credentials.ts'
export {
  endWaiver,
  parseRegister,
  readRegister,
  recordWaiver,
  writeRegister,
  type LocationRegister,
  type RegisteredLocation,
  type ResidencyWaiver,
  type StoreRole,
  type StoreSettings,
} from './stores/locations.ts'
export { openStore, openStores, openStoreWith } from './stores/open.ts'
export { placement, type Copy, type Placement } from './stores/placement.ts'
export { within } from './stores/replicate.ts'
export { repair, scrub, type ScrubReport } from './stores/scrub.ts'
export type { Location, StorePruner, StoreReader, StoreWriter } from './stores/store.ts'
export { ensureTemplate, templateName, type BuildTemplate, type TemplateOrder } from './templates.ts'
export { discardInstance, sharedHomeVariable, startThrowawayCluster, type Throwaway } from './throwaway.ts'
export { proveOldest, proveSet, type Proof, type ProveOptions } from './verify/prove.ts'
export { catalogueHash, catalogueLines } from './restore/catalogue.ts'
export type { CarryOver, ErpTasks, Journey } from './erp-tasks.ts'
export { beat, heartbeatOf, type Heartbeat } from './alarms/facts.ts'
export { alarmNames, type Alarm, type AlarmName } from './alarms/judge.ts'
export { alarmMailOf, type AlarmMail } from './alarms/mail.ts'
export { testAlarmMail } from './alarms/mail-test.ts'
export { listAlarms, type RaisedAlarm } from './alarms/state.ts'
export { settle as settleAlarm, watchAlarms, type WatchOrder } from './alarms/watch.ts'
export { headFile, record, type Observation } from './evidence/chain.ts'
export { checks, type Check } from './evidence/checks.ts'
export { claimsState, type ClaimState, type DueSubject } from './evidence/claims.ts'
export { listEvidence, verifyEvidence, type ChainReport, type SignedRecord } from './evidence/reading.ts'
export { type EvidenceRecord, type Subject } from './evidence/record.ts'
export { evidenceHeads, testify } from './evidence/testify.ts'
export { labelsOf } from './retention/labels.ts'
export { printable } from './printable.ts'
export { noteRemovals, pruneAway, prunerOrder, type NotedRemovals, type PrunerOrder } from './retention/away.ts'
export { pruneLocation } from './retention/location.ts'
export { fullness, planRetention, retentionPolicy, type RetentionPlan, type RetentionSet } from './retention/plan.ts'
export { type PruneReport } from './retention/prune.ts'
export { retentionSets } from './retention/registry.ts'
export { scheduleFacts, type ScheduledInstance, type ScheduledSet, type ScheduleFacts } from './schedule-facts.ts'
export { sweepFetched } from './restore/fetch.ts'
export { restoreAside, type AsideOrder, type AsideReport } from './restore/aside.ts'
export {
  dropOldGenerations,
  restoreFinishers,
  restoreOverLive,
  undoRestore,
  type OverLiveOrder,
  type RestoreReport,
  type UndoOrder,
} from './restore/over-live.ts'
export { previewRestore, type RestorePreview } from './restore/preview.ts'
export { extrapolate, type Extrapolation, type Sample } from './disaster/extrapolate.ts'
export { readJournal, type RecoveryItem, type RecoveryJournal } from './disaster/journal.ts'
export { demandRootOpens, surveyKit, type InstanceSets, type KitSet, type Survey } from './disaster/kit-sets.ts'
export { mostAttempts, nextClaim, recoveryOrder, workOff, type Claim } from './disaster/order.ts'
export { recover, tellItem, type RecoveryOrder } from './disaster/recover.ts'
export { demandPlace, isLost, openRecoveryHome, type RecoveryPlace } from './disaster/recovery-home.ts'
export { ulid } from './ulid.ts'
export { rehearse, type Rehearsal, type RehearsalOrder, type Rehearsed } from './rehearsal/rehearse.ts'
export { restoreUpload, type UploadLimits, type UploadOrder, type UploadReport } from './restore/upload.ts'
