import type { Erp } from './erp.ts'

export interface Command {
  name: string
  /** What follows the name. */
  usage: string
  summary: string
  run: (args: readonly string[], erp: Erp) => Promise<void>
}

// Each is loaded when it is asked for: `start` must not wait for what only `doctor` needs.
const services = () => import('./commands/services.ts')
const instance = () => import('./commands/instance.ts')
const backup = () => import('./commands/backup.ts')
const stores = () => import('./commands/stores.ts')
const audit = () => import('./commands/audit.ts')
const evidence = () => import('./commands/evidence.ts')
const script = (name: string) => async (args: readonly string[]) => (await import('./commands/script.ts')).script(name, args)

/** All there are, as `erp4 help` lists them. */
export const commands: readonly Command[] = [
  {
    name: 'start',
    usage: '[--port N] [--home DIR] [--json] [--processes N] [--listen ADDRESS]… [--metrics-port N]',
    summary: 'start everything on this machine',
    run: async (args, erp) => (await import('./commands/start.ts')).start(args, erp),
  },
  {
    name: 'instance create',
    usage: 'NAME [--demo] [--apps A,B] [--host NAME]…',
    summary: 'make an instance',
    run: async (args, erp) => (await instance()).create(args, erp),
  },
  {
    name: 'instance link',
    usage: 'NAME LOGIN',
    summary: 'print a link with which a user chooses a password, where no mail reaches him',
    run: async (args, erp) => (await instance()).link(args, erp),
  },
  { name: 'instance list', usage: '', summary: 'the instances of this host', run: async (args) => (await instance()).list(args) },
  {
    name: 'instance delete',
    usage: 'NAME --confirm NAME [--second-operator WHO] [--now]',
    summary: 'final backup, 30 days to take it back, then gone; a copy at once',
    run: async (args) => (await instance()).remove(args),
  },
  {
    name: 'instance undelete',
    usage: 'NAME',
    summary: 'bring a deleted instance back',
    run: async (args) => (await instance()).undelete(args),
  },
  {
    name: 'instance suspend',
    usage: 'NAME',
    summary: 'stop serving an instance; its backups go on',
    run: async (args) => (await instance()).suspend(args),
  },
  {
    name: 'instance resume',
    usage: 'NAME',
    summary: 'serve a suspended instance again',
    run: async (args) => (await instance()).resume(args),
  },
  {
    name: 'instance duplicate',
    usage: 'NAME COPY [--days N] [--host NAME]…',
    summary: 'make a copy that reaches nobody outside',
    run: async (args) => (await instance()).duplicate(args),
  },
  {
    name: 'instance hold',
    usage: 'NAME --reason TEXT | --release',
    summary: 'forbid that anything of it is removed',
    run: async (args) => (await instance()).hold(args),
  },
  {
    name: 'instance set',
    usage: 'NAME [--plan paid|free] [--zone ZONE] [--days N]',
    summary: 'its plan, its time zone, how long a copy lives',
    run: async (args) => (await instance()).set(args),
  },
  {
    name: 'instance operations',
    usage: '[NAME] [--finish]',
    summary: 'what was done; finish what was interrupted',
    run: async (args) => (await instance()).operations(args),
  },
  {
    name: 'instance rename',
    usage: 'NAME NEW',
    summary: 'give an instance another name',
    run: async (args) => (await instance()).rename(args),
  },
  {
    name: 'instance move',
    usage: 'NAME --to HOME --confirm NAME | --invitation FILE --trust ID --confirm NAME | --receipt FILE | --undo',
    summary: 'move an instance to another host; nobody uses it until it has arrived',
    run: async (args) => (await import('./commands/move.ts')).move(args),
  },
  {
    name: 'instance invite',
    usage: '',
    summary: 'print what another host needs to send an instance here',
    run: async (args) => (await import('./commands/move.ts')).printInvitation(args),
  },
  {
    name: 'instance receive',
    usage: 'TICKET --trust ID [--as NAME] [--host NAME]… [--decline]',
    summary: 'take in an instance that another host has sent; prints the receipt',
    run: async (args) => (await import('./commands/move.ts')).receive(args),
  },
  {
    name: 'instance hosts',
    usage: 'NAME HOST…',
    summary: 'set the host names of an instance',
    run: async (args) => (await instance()).hosts(args),
  },
  {
    name: 'instance install',
    usage: 'NAME APP… [--allow STEP]…',
    summary: 'add apps to an instance',
    run: async (args) => (await instance()).install(args),
  },
  {
    name: 'instance upgrade',
    usage: 'NAME [--allow STEP]…',
    summary: 'bring an instance to this release',
    run: async (args) => (await instance()).upgrade(args),
  },
  { name: 'migrate', usage: '--plan [NAME]…', summary: 'what an upgrade would do', run: async (args) => (await instance()).plan(args) },
  {
    name: 'backup run',
    usage: 'NAME [--class CLASS]',
    summary: 'make a backup set of an instance, in every location',
    run: async (args) => (await backup()).run(args),
  },
  {
    name: 'backup list',
    usage: '[NAME] [--rebuild]',
    summary: 'the backup sets of an instance, or of all',
    run: async (args) => (await backup()).list(args),
  },
  { name: 'backup show', usage: 'SET', summary: 'everything about one set', run: async (args) => (await backup()).show(args) },
  {
    name: 'restore --from-kit',
    usage: 'KIT --home DIR --root-key FILE | --share FILE --share FILE [--instance NAME]… [--continue]',
    summary: 'bring back a host that is gone, from its recovery kit',
    run: async (args) => (await import('./commands/disaster.ts')).restoreFromKit(args),
  },
  {
    name: 'dr drill',
    usage: '[--instances N] [--workers N] [--keep]',
    summary: 'make a host, destroy it, bring it back from the kit; measure',
    run: async (args, erp) => (await import('./drill/command.ts')).drill(args, erp),
  },
  {
    name: 'restore',
    usage:
      'SET --to-side NAME | SET --over-live NAME --confirm NAME [--preview] | --upload FILE --to-side NAME [--apps A,B] | undo NAME --confirm NAME | rehearse [SET]',
    summary: 'restore a set beside what lives, or over it',
    run: async (args) => (await import('./commands/restore.ts')).restore(args),
  },
  {
    name: 'backup verify',
    usage: 'SET [--from LOCATION]',
    summary: 'restore a set into a cluster of its own and compare everything',
    run: async (args) => (await import('./commands/restore.ts')).verify(args),
  },
  {
    name: 'download',
    usage: 'NAME|SET --to FILE [--fresh] [--passphrase-file FILE]',
    summary: 'an archive that anybody can open',
    run: async (args) => (await import('./commands/download.ts')).download(args),
  },
  {
    name: 'verify',
    usage: 'FILE [--key FILE]',
    summary: 'is a downloaded archive whole?',
    run: async (args) => (await import('./commands/download.ts')).verify(args),
  },
  {
    name: 'retention plan',
    usage: 'INSTANCE',
    summary: 'which backup sets stay, as what, and which may go',
    run: async (args) => (await import('./commands/retention.ts')).plan(args),
  },
  {
    name: 'retention prune',
    usage: 'LOCATION [--dry-run] | --folder DIR',
    summary: 'drop what may go in a location (the agent does it daily)',
    run: async (args) => (await import('./commands/retention.ts')).prune(args),
  },
  {
    name: 'retention note',
    usage: 'LOCATION FILE [--trust ID]',
    summary: 'take over what a pruner away from this host has removed',
    run: async (args) => (await import('./commands/retention.ts')).note(args),
  },
  {
    name: 'evidence list',
    usage: '[--check NAME] [--subject ID] [--days N]',
    summary: 'the signed records of checks',
    run: async (args) => (await evidence()).list(args),
  },
  {
    name: 'evidence verify',
    usage: '',
    summary: 'was a record changed, removed or put in?',
    run: async (args) => (await evidence()).verify(args),
  },
  {
    name: 'evidence claims',
    usage: '',
    summary: 'what may be claimed of this host now',
    run: async (args) => (await evidence()).claims(args),
  },
  {
    name: 'alarms',
    usage: '',
    summary: 'what is wrong now',
    run: async (args) => (await import('./commands/agent.ts')).alarms(args),
  },
  {
    name: 'stores list',
    usage: '',
    summary: 'the locations of backups, and whether they answer',
    run: async (args) => (await stores()).list(args),
  },
  {
    name: 'stores set',
    usage: 'FILE',
    summary: 'replace the register of locations',
    run: async (args) => (await stores()).set(args),
  },
  {
    name: 'stores credentials',
    usage: 'LOCATION read|write|prune',
    summary: 'keep the credentials that come on standard input',
    run: async (args) => (await stores()).credentials(args),
  },
  {
    name: 'stores pruner',
    usage: 'LOCATION',
    summary: 'print what a pruner away from this host needs of it',
    run: async (args) => (await stores()).pruner(args),
  },
  {
    name: 'stores waive',
    usage: 'INSTANCE|--all --countries A,B --who NAME --reason TEXT | --end',
    summary: 'keep backups in some countries',
    run: async (args) => (await stores()).waive(args),
  },
  {
    name: 'stores scrub',
    usage: '[LOCATION]… [--gigabytes N]',
    summary: 'read backups back, and heal what is damaged',
    run: async (args) => (await stores()).scrubStores(args),
  },
  {
    name: 'stores repair',
    usage: '[LOCATION]',
    summary: 'bring backups to where they are missing',
    run: async (args) => (await stores()).repairStores(args),
  },
  {
    name: 'doctor',
    usage: '',
    summary: 'is this host as it should be?',
    run: async (args) => (await import('./commands/doctor.ts')).doctor(args),
  },
  {
    name: 'why',
    usage: 'USER OPERATION MODEL ID [--instance NAME]',
    summary: 'which rule decides',
    run: async (args) => (await import('./commands/why.ts')).why(args),
  },
  {
    name: 'keys show',
    usage: '',
    summary: 'which keys there are, and where the root key is',
    run: async (args) => (await import('./commands/keys.ts')).show(args),
  },
  {
    name: 'keys kit',
    usage: '',
    summary: 'print the recovery kit: shares of the root key, stores, trusted keys',
    run: async (args) => (await import('./commands/keys.ts')).kit(args),
  },
  {
    name: 'keys eject',
    usage: '[--shares FILE]',
    summary: 'take the root key off this host, once its kit was read back',
    run: async (args) => (await import('./commands/keys.ts')).eject(args),
  },
  {
    name: 'keys rotate',
    usage: 'root|host|instance|logins|signer [NAME]…',
    summary: 'replace keys; what older ones sealed or signed still holds',
    run: async (args) => (await import('./commands/keys.ts')).rotate(args),
  },
  {
    name: 'keys retire',
    usage: '[NAME]…',
    summary: 'destroy older keys of instances that nothing is sealed with any more',
    run: async (args) => (await import('./commands/keys.ts')).retire(args),
  },
  {
    name: 'keys rotate-logins',
    usage: '[NAME]…',
    summary: 'give the database roles of instances new passwords',
    run: async (args) => (await import('./commands/keys.ts')).rotateLogins(args),
  },
  {
    name: 'audit anchor',
    usage: 'FILE [--instance NAME]',
    summary: 'write the newest head of the audit trail',
    run: async (args, erp) => (await audit()).anchor(args, erp),
  },
  {
    name: 'audit verify',
    usage: '[--anchor FILE] [--instance NAME]',
    summary: 'was the audit trail changed?',
    run: async (args, erp) => (await audit()).verify(args, erp),
  },
  {
    name: 'serve',
    usage: '[--port N]',
    summary: 'only the server (start does it)',
    run: async (args, erp) => (await services()).serve(args, erp),
  },
  { name: 'work', usage: '', summary: 'only the worker (start does it)', run: async (args, erp) => (await services()).work(args, erp) },
  {
    name: 'seal',
    usage: '',
    summary: 'only the audit sealer (start does it)',
    run: async (args, erp) => (await services()).seal(args, erp),
  },
  {
    name: 'agent',
    usage: '',
    summary: 'only the agent: backups, proofs, alarms (start does it)',
    run: async (args) => (await import('./commands/agent.ts')).agent(args),
  },
  { name: 'test', usage: '[APP] [--watch] [--long]', summary: 'run the tests', run: script('test') },
  { name: 'check', usage: '', summary: 'types, lint, format, boundaries, documents', run: script('check') },
  { name: 'new-app', usage: 'NAME', summary: 'make an app that passes its tests', run: script('new-app') },
  { name: 'bench', usage: '', summary: 'measure', run: script('bench') },
]
