import { totalmem } from 'node:os'

export interface ClusterSettings {
  socketDir: string
  logDir: string
  maxConnections: number
  /** Nothing survives a crash, everything is quicker: for tests. */
  throwaway: boolean
  /** Nothing in it is looked at twice: less log, no tidying. */
  scratch?: boolean
}

/** `postgresql.conf`, written anew at each start; it lies outside the data folder, where PostgreSQL itself cannot change it. */
export function postgresqlConf({ socketDir, logDir, maxConnections, throwaway, scratch = false }: ClusterSettings): string {
  const settings: Record<string, string | number> = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0777', // the folder around it is the fence, SCRAM the door
    port: 5432,
    password_encryption: 'scram-sha-256',
    max_connections: maxConnections,
    superuser_reserved_connections: 3,
    shared_buffers: `${throwaway ? 64 : memoryShare()}MB`,
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    temp_file_limit: '2GB', // one query must not fill the disk for everybody
    max_locks_per_transaction: 128, // dropping or dumping a database locks its hundreds of tables at once
    random_page_cost: 1.1,
    jit: 'off', // compiling costs more than our short queries take
    deadlock_timeout: '150ms', // deadlocks are retried: kernel §2.4
    idle_in_transaction_session_timeout: '60s',
    client_connection_check_interval: '2s',
    wal_level: scratch ? 'minimal' : 'replica',
    archive_mode: throwaway ? 'off' : 'on', // real archiving can then be switched on without a restart: cloud.md §9
    archive_command: throwaway ? '' : '/bin/true',
    max_wal_size: '2GB',
    cluster_name: 'erp4',
    update_process_title: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    logging_collector: throwaway ? 'off' : 'on',
    log_directory: logDir,
    log_filename: 'postgresql-%a.log',
    log_truncate_on_rotation: 'on',
    log_rotation_age: '1d',
    log_rotation_size: 0,
    log_parameter_max_length_on_error: 0, // values are customers' data
    log_line_prefix: '%m [%p] %d %u ',
    ...(throwaway ? { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' } : {}),
    ...(scratch ? { max_wal_senders: 0, autovacuum: 'off' } : {}),
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'\n`)
    .join('')
}

/** Who may knock: everybody on the socket, with a password; nobody anywhere else. */
export const hbaConf = 'local all all scram-sha-256\n'

function memoryShare(): number {
  const megabytes = totalmem() / 2 ** 20 / 8
  return Math.round(Math.min(2048, Math.max(64, megabytes)))
}
