import type { Home } from '../home.ts'
import { openCredentials, type StoreCredentials } from './credentials.ts'
import { DirectoryPruner, DirectoryReader, DirectoryWriter } from './directory.ts'
import { directoryOf, readRegister, type RegisteredLocation, type StoreRole } from './locations.ts'
import type { StorePruner, StoreReader, StoreWriter } from './store.ts'

interface StoreOf {
  read: StoreReader
  write: StoreWriter
  prune: StorePruner
}

/**
 * The stores of a home's register, in its order, each opened with the credentials of one role and no other. Nothing is connected to yet:
 * a location that is away, or whose credentials are missing, fails when it is used. Close them.
 */
export function openStores<R extends StoreRole>(home: Home, role: R, locations = readRegister(home).locations): Promise<StoreOf[R][]> {
  return Promise.all(locations.map((location) => openStore(home, location, role)))
}

/** One store of the register. */
export function openStore<R extends StoreRole>(home: Home, location: RegisteredLocation, role: R): Promise<StoreOf[R]> {
  return openStoreWith(
    location,
    role,
    () => openCredentials(home, location, role),
    (path) => directoryOf(home, { path }),
  )
}

/** A store without a home, as from a recovery kit. `credentials` are asked for when the store is first used. */
export async function openStoreWith<R extends StoreRole>(
  location: RegisteredLocation,
  role: R,
  credentials: () => StoreCredentials,
  directory: (path: string) => string = (path) => path,
): Promise<StoreOf[R]> {
  const { store, trashDays } = location
  switch (store.kind) {
    case 'directory': {
      const root = directory(store.path)
      const make: { [K in StoreRole]: () => StoreOf[K] } = {
        read: () => new DirectoryReader(location, root),
        write: () => new DirectoryWriter(location, root),
        prune: () => new DirectoryPruner(location, root, trashDays),
      }
      return make[role]()
    }
    case 's3': {
      // Loaded when it is needed: the library is large.
      const { S3Pruner, S3Reader, S3Writer } = await import('./s3.ts')
      const make: { [K in StoreRole]: () => StoreOf[K] } = {
        read: () => new S3Reader(location, store, credentials),
        write: () => new S3Writer(location, store, credentials),
        prune: () => new S3Pruner(location, store, credentials, trashDays),
      }
      return make[role]()
    }
    case 'sftp': {
      const { SftpPruner, SftpReader, SftpWriter } = await import('./sftp.ts')
      const make: { [K in StoreRole]: () => StoreOf[K] } = {
        read: () => new SftpReader(location, store, credentials),
        write: () => new SftpWriter(location, store, credentials),
        prune: () => new SftpPruner(location, store, credentials, trashDays),
      }
      return make[role]()
    }
  }
}
