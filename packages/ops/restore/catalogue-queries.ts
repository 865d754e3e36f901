/**
 * What PostgreSQL 15 and later keep in pg_catalog, kind by kind. An object counts when it was made after initdb (its oid is 16384 or above)
 * and belongs to no extension; an extension counts as one, with a hash of its members.
 */
const ours = (table: string, alias: string): string =>
  `${alias}.oid >= 16384 and not exists (select from pg_depend e where e.classid = '${table}'::regclass and e.objid = ${alias}.oid and e.deptype = 'e')`

const role = (oid: string): string => `regexp_replace(pg_get_userbyid(${oid})::text, '^i_[0-9a-f]{32}_(owner|runtime|seal)$', '\\1')`
/** The owner, where it is not the one that everything of an instance has. */
const owner = (oid: string): string => `case when ${oid} <> 'pg_database_owner'::regrole then ' of ' || ${role(oid)} else '' end`
const name = (schema: string, thing: string): string => `quote_ident(${schema}) || '.' || quote_ident(${thing})`
const hash = (text: string): string => `left(encode(sha256(convert_to(${text}, 'UTF8')), 'hex'), 32)`
const options = (column: string): string => `coalesce(' with ' || array_to_string(${column}, ','), '')`

const database = `
  select format('database %s %s %s %s of %s', pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype, ${role('datdba')}) as line
  from pg_database where datname = current_database()
  union all
  select format('database right %s for %s', lower(a.privilege_type), case when a.grantee = 0 then 'everybody' else ${role('a.grantee')} end)
  from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  where d.datname = current_database() and a.grantee <> d.datdba
    -- Who of the instance's own may connect changes with every fence, and says nothing of what is in it.
    and not (a.privilege_type = 'CONNECT' and ${role('a.grantee')} in ('owner', 'runtime', 'seal'))
  union all
  select format('database setting %s for %s', setting, case when s.setrole = 0 then 'everybody' else ${role('s.setrole')} end)
  from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase cross join lateral unnest(s.setconfig) setting
  where d.datname = current_database()`

const schemas = `
  select format('schema %I', nspname) || case when nspowner <> 'pg_database_owner'::regrole then ' of ' || ${role('nspowner')} else '' end as line
  from pg_namespace n where nspname = 'public' or ${ours('pg_namespace', 'n')} and nspname !~ '^pg_(toast_)?temp_'`

const relations = `
  select format('%s %s', case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view' when 'm' then 'materialized view'
           when 'f' then 'foreign table' when 'c' then 'row type' else 'relation ' || c.relkind::text end, ${name('n.nspname', 'c.relname')})
         || ${owner('c.relowner')} || ${options('c.reloptions')}
         || case c.relpersistence when 'p' then '' else ' persistence ' || c.relpersistence::text end
         || case when c.relrowsecurity or c.relforcerowsecurity then format(' row security %s %s', c.relrowsecurity, c.relforcerowsecurity) else '' end
         || case when c.relreplident not in ('d', 'n') then ' replica identity ' || c.relreplident::text else '' end
         || coalesce(' partition ' || pg_get_expr(c.relpartbound, c.oid), '')
         || case when c.relkind in ('v', 'm') then ' as ' || ${hash('pg_get_viewdef(c.oid)')} else '' end as line
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind not in ('i', 'I', 'S', 't') and n.nspname !~ '^pg_(toast|temp_)' and ${ours('pg_class', 'c')}
  union all
  select format('%s inherits %s', i.inhrelid::regclass, i.inhparent::regclass) from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where c.relkind not in ('i', 'I')`

const columns = `
  select format('column %s %I %s', ${name('n.nspname', 'c.relname')}, a.attname, format_type(a.atttypid, a.atttypmod))
         || case when a.attnotnull then ' not null' else '' end
         || case when a.attcollation <> t.typcollation then ' collate ' || a.attcollation::regcollation::text else '' end
         || case a.attidentity when 'a' then ' identity always' when 'd' then ' identity' else '' end
         || case when d.oid is null then '' else case a.attgenerated when '' then ' default ' else ' generated ' end || pg_get_expr(d.adbin, d.adrelid) end
         || ${options('a.attoptions')} || ${options('a.attfdwoptions')} as line
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped and c.relkind not in ('i', 'I', 'S', 't') and n.nspname !~ '^pg_(toast|temp_)' and ${ours('pg_class', 'c')}`

const sequences = `
  select format('sequence %s %s from %s by %s in %s to %s cache %s%s', ${name('n.nspname', 'c.relname')}, format_type(s.seqtypid, null), s.seqstart, s.seqincrement,
           s.seqmin, s.seqmax, s.seqcache, case when s.seqcycle then ' cycle' else '' end) || ${owner('c.relowner')}
         || coalesce((select format(' for %s %I', d.refobjid::regclass, a.attname) from pg_depend d
                      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0), '') as line
  from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${ours('pg_class', 'c')}`

const constraints = `
  select format('constraint %s %I %s', case when t.conrelid <> 0 then 'on ' || t.conrelid::regclass::text else 'of ' || t.contypid::regtype::text end,
           t.conname, pg_get_constraintdef(t.oid)) || case when t.convalidated then '' else ' unproven' end as line
  from pg_constraint t where ${ours('pg_constraint', 't')} and t.contype <> 't'`

const indexes = `
  select pg_get_indexdef(i.indexrelid) || case when i.indisvalid and i.indisready and i.indislive then '' else ' (invalid)' end
         || case when i.indisclustered then ' (clustered)' else '' end || case when i.indisreplident then ' (replica identity)' else '' end as line
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_(toast|temp_)' and ${ours('pg_class', 'c')}`

const triggers = `
  select format('trigger %s on %s enabled %s', pg_get_triggerdef(t.oid), t.tgrelid::regclass, t.tgenabled) as line
  from pg_trigger t where not t.tgisinternal and ${ours('pg_trigger', 't')}
  union all
  -- What enforces foreign keys can be switched off.
  select format('trigger of a constraint on %s enabled %s', t.tgrelid::regclass, t.tgenabled) from pg_trigger t where t.tgisinternal and t.tgenabled <> 'O'
  union all
  select format('rule %s enabled %s', pg_get_ruledef(r.oid), r.ev_enabled) from pg_rewrite r where r.rulename <> '_RETURN' and ${ours('pg_rewrite', 'r')}
  union all
  select format('policy %I on %s %s for %s to %s using %s check %s', p.polname, p.polrelid::regclass, p.polpermissive, p.polcmd,
           array(select case when r = 0 then 'everybody' else ${role('r')} end from unnest(p.polroles) r order by 1),
           pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) from pg_policy p
  union all
  select format('event trigger %I on %s by %s enabled %s', e.evtname, e.evtevent, e.evtfoid::regproc, e.evtenabled) from pg_event_trigger e`

// A body is told by its hash; prosqlbody holds the standard's kind of body, already parsed.
const functions = `
  select format('%s %s returns %s language %s %s', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function' else 'function' end,
           p.oid::regprocedure, p.prorettype::regtype, l.lanname, p.provolatile) || case when p.prosecdef then ' security definer' else '' end
         || case when p.proleakproof then ' leakproof' else '' end || case when p.proisstrict then ' strict' else '' end || ${options('p.proconfig')}
         || ' body ' || ${hash(`coalesce(p.prosrc, '') || '/' || coalesce(p.probin, '') || '/' || coalesce(pg_get_function_sqlbody(p.oid), '')`)}
         || coalesce(' defaults ' || pg_get_expr(p.proargdefaults, 0), '') || ${owner('p.proowner')} as line
  from pg_proc p join pg_language l on l.oid = p.prolang where ${ours('pg_proc', 'p')}
  union all
  select format('language %I by %s', l.lanname, l.lanplcallfoid::regproc) || ${owner('l.lanowner')} from pg_language l where ${ours('pg_language', 'l')}
  union all
  select format('transform of %s for %s', t.trftype::regtype, l.lanname) from pg_transform t join pg_language l on l.oid = t.trflang where ${ours('pg_transform', 't')}`

const types = `
  select format('type %s %s', t.typtype, t.oid::regtype) || ${owner('t.typowner')}
         || case t.typtype when 'd' then format(' is %s%s default %s', format_type(t.typbasetype, t.typtypmod), case when t.typnotnull then ' not null' else '' end, coalesce(t.typdefault, 'null'))
              when 'e' then ' ' || (select string_agg(quote_literal(enumlabel), ',' order by enumsortorder) from pg_enum where enumtypid = t.oid)
              when 'b' then format(' in %s out %s', t.typinput::regproc, t.typoutput::regproc)
              when 'r' then (select format(' of %s difference %s canonical %s', rngsubtype::regtype, rngsubdiff, rngcanonical) from pg_range where rngtypid = t.oid) else '' end as line
  from pg_type t left join pg_class c on c.oid = t.typrelid
  where (t.typrelid = 0 or c.relkind = 'c') and not exists (select from pg_type e where e.typarray = t.oid) and ${ours('pg_type', 't')}
  union all
  select format('cast from %s to %s by %s %s %s', castsource::regtype, casttarget::regtype, castfunc::regproc, castcontext, castmethod) from pg_cast c where ${ours('pg_cast', 'c')}
  union all
  select format('operator %s by %s', o.oid::regoperator, o.oprcode) || ${owner('o.oprowner')} from pg_operator o where ${ours('pg_operator', 'o')}
  union all
  select format('operator class %s for %s default %s', ${name('n.nspname', 'o.opcname')}, o.opcintype::regtype, o.opcdefault) || ${owner('o.opcowner')}
  from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace where ${ours('pg_opclass', 'o')}
  union all
  select format('operator family %s', ${name('n.nspname', 'o.opfname')}) || ${owner('o.opfowner')} from pg_opfamily o join pg_namespace n on n.oid = o.opfnamespace where ${ours('pg_opfamily', 'o')}
  union all
  select format('access method %I %s by %s', amname, amtype, amhandler) from pg_am a where ${ours('pg_am', 'a')}
  union all
  select format('collation %s %s %s %s', c.oid::regcollation, c.collprovider, c.collcollate, c.collctype) || ${owner('c.collowner')} from pg_collation c where ${ours('pg_collation', 'c')}
  union all
  select format('conversion %s by %s', ${name('n.nspname', 'c.conname')}, c.conproc) || ${owner('c.conowner')} from pg_conversion c join pg_namespace n on n.oid = c.connamespace where ${ours('pg_conversion', 'c')}`

const searches = `
  select format('text search configuration %s', c.oid::regconfig) || ${owner('c.cfgowner')} as line from pg_ts_config c where ${ours('pg_ts_config', 'c')}
  union all
  select format('text search dictionary %s %s', d.oid::regdictionary, d.dictinitoption) || ${owner('d.dictowner')} from pg_ts_dict d where ${ours('pg_ts_dict', 'd')}
  union all
  select format('text search parser %I', p.prsname) from pg_ts_parser p where ${ours('pg_ts_parser', 'p')}
  union all
  select format('text search template %I', t.tmplname) from pg_ts_template t where ${ours('pg_ts_template', 't')}
  union all
  select pg_get_statisticsobjdef(s.oid) || ${owner('s.stxowner')} from pg_statistic_ext s where ${ours('pg_statistic_ext', 's')}`

const outside = `
  select format('extension %I %s in %I of %s with %s members %s', e.extname, e.extversion, e.extnamespace::regnamespace, ${role('e.extowner')},
           (select count(*) from pg_depend d where d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'),
           ${hash(`(select coalesce(string_agg(pg_describe_object(d.classid, d.objid, d.objsubid), ',' order by pg_describe_object(d.classid, d.objid, d.objsubid) collate "C"), '')
             from pg_depend d where d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e')`)}) as line
  from pg_extension e where e.extname <> 'plpgsql'
  union all
  select format('publication %I', pubname) from pg_publication
  union all
  select format('subscription %I', subname) from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()
  union all
  select format('foreign data wrapper %I by %s', fdwname, fdwhandler::regproc) from pg_foreign_data_wrapper f
  union all
  select format('foreign server %I', srvname) from pg_foreign_server
  union all
  select format('user mapping of %s for %I', usename, srvname) from pg_user_mappings
  union all
  select format('large object %s', oid) || ${owner('lomowner')} from pg_largeobject_metadata
  union all
  select format('default rights %s of %s in %s: %s', defaclobjtype, ${role('defaclrole')}, defaclnamespace::regnamespace, defaclacl) from pg_default_acl
  union all
  select format('security label on %s %s: %s %s', classoid::regclass, objoid, provider, label) from pg_seclabel`

// Rights of what initdb made, where they are not initdb's: erp4_empty takes functions on large objects from everybody (F10).
const initialRights = `
  select format('initial function %s: execute for %s', p.oid::regprocedure, array(select case when a.grantee = 0 then 'everybody' else ${role('a.grantee')} end
           from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner order by 1)) as line
  from pg_proc p left join pg_init_privs i on i.objoid = p.oid and i.classoid = 'pg_proc'::regclass and i.objsubid = 0
  where p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace and p.proacl is distinct from i.initprivs
  union all
  select format('initial relation %s: %s', c.oid::regclass, array(select lower(a.privilege_type) || ' for ' || case when a.grantee = 0 then 'everybody' else ${role('a.grantee')} end
           from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a where a.grantee <> c.relowner order by 1))
  from pg_class c left join pg_init_privs i on i.objoid = c.oid and i.classoid = 'pg_class'::regclass and i.objsubid = 0
  where c.oid < 16384 and c.relnamespace = 'pg_catalog'::regnamespace and c.relacl is distinct from i.initprivs
  union all
  select format('schema public: %s', array(select lower(a.privilege_type) || ' for ' || case when a.grantee = 0 then 'everybody' else ${role('a.grantee')} end
           from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a where a.grantee <> n.nspowner order by 1))
  from pg_namespace n where n.nspname = 'public'`

/** Each gives lines (one text column, `line`). */
export const catalogueQueries: readonly string[] = [
  database,
  schemas,
  relations,
  columns,
  sequences,
  constraints,
  indexes,
  triggers,
  functions,
  types,
  searches,
  outside,
  initialRights,
]

const holder = `case when a.grantee = 0 then 'everybody' else ${role('a.grantee')} end`

export const grantQueries: readonly string[] = [
  `select format('right %s on %s for %s', lower(a.privilege_type), c.oid::regclass, ${holder}) as line
   from pg_class c cross join lateral aclexplode(c.relacl) a where a.grantee <> c.relowner and ${ours('pg_class', 'c')}
   union all
   select format('right %s on %s (%I) for %s', lower(a.privilege_type), c.oid::regclass, t.attname, ${holder})
   from pg_attribute t join pg_class c on c.oid = t.attrelid cross join lateral aclexplode(t.attacl) a where a.grantee <> c.relowner and ${ours('pg_class', 'c')}
   union all
   select format('right %s on %s for %s', lower(a.privilege_type), p.oid::regprocedure, ${holder})
   from pg_proc p cross join lateral aclexplode(p.proacl) a where a.grantee <> p.proowner and ${ours('pg_proc', 'p')}
   union all
   select format('right %s on schema %I for %s', lower(a.privilege_type), n.nspname, ${holder})
   from pg_namespace n cross join lateral aclexplode(n.nspacl) a where a.grantee <> n.nspowner and ${ours('pg_namespace', 'n')}`,
]
