import { mail } from '@erp4/mail'
import { conforms } from '@erp4/testing'

conforms(mail, {
  samples: {
    'ir.mail_server': (n) => ({ name: `Server ${n}`, smtp_host: `smtp${n}.example.com` }),
    'mail.activity': () => ({ res_model: 'res.partner', res_id: 1 }),
  },
})
