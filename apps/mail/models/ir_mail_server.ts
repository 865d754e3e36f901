import { type ModelFields, ValidationError, boolean, char, integer, json, model, selection } from '@erp4/orm'

/** The server that this instance's letters go through, the first active one; without any, that of the host. */
export const ir_mail_server = model('ir.mail_server', {
  label: 'Mail Server',
  order: 'sequence, id',
  fields: {
    name: char({ label: 'Description', required: true }),
    sequence: integer({ default: 10 }),
    active: boolean({ default: true }),
    smtp_host: char({ label: 'SMTP Server', required: true }),
    smtp_port: integer({ label: 'SMTP Port', required: true, default: 587, grouping: false }),
    smtp_encryption: selection(
      { none: 'None', starttls: 'TLS (STARTTLS)', ssl: 'SSL/TLS' },
      { label: 'Connection Encryption', required: true, default: 'starttls' },
    ),
    smtp_user: char({ label: 'Username', copy: false }),
    smtp_pass: char({ label: 'Password', secret: true, copy: false, help: 'Can be set, never read.' }),
    from_address: char({ label: 'Sender Address', help: 'Letters come from this address; answers go to who wrote them.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.mail_server': IrMailServer
  }
  interface IrMailServer extends ModelFields<typeof ir_mail_server> {}
}

ir_mail_server.constrain(
  ['smtp_port'],
  (server) => (server.smtp_port > 0 && server.smtp_port < 65_536) || 'A port is a number from 1 to 65535.',
)

ir_mail_server.constrain(
  ['smtp_host'],
  (server) =>
    /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(server.smtp_host) || 'The SMTP server is a host name, such as smtp.example.com.',
)

ir_mail_server.constrain(
  ['smtp_encryption', 'smtp_user'],
  (server) => server.smtp_encryption !== 'none' || server.smtp_user === null || 'A password is not sent without encryption: choose TLS.',
)

ir_mail_server.constrain(
  ['from_address'],
  (server) =>
    server.from_address === null ||
    (server.from_address.length <= 254 && /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;"]+$/.test(server.from_address)) ||
    'The sender is one mail address.',
)

/**
 * Answers what a client does to try the server: a real connection takes seconds, for which no transaction waits, so it is made by
 * `/web/client/mail_test` (packages/server).
 */
export const test_smtp_connection = ir_mail_server.action(
  'test_smtp_connection',
  { needs: 'write', returns: json({ required: true }) },
  async (servers) => {
    const [id] = servers.ids
    if (id === undefined || servers.ids.length > 1) throw new ValidationError('One mail server is tried at a time.')
    return { type: 'ir.actions.client', tag: 'mail.test', params: { id } }
  },
)
