import type { StandardTemplate } from '@erp4/mail'

/** What letters with invoices and credit notes say until somebody writes them anew. */
export const templates: readonly StandardTemplate[] = [
  {
    key: 'email_template_edi_invoice',
    model: 'account.move',
    name: { en_US: 'Invoice: send', ko_KR: '청구서 발송' },
    texts: {
      en_US: {
        subject: 'Invoice {{ name }} from {{ company.name }}',
        body:
          '<p>Dear {{ recipient.name }},</p>' +
          '<p>Here is our invoice {{ name }} over {{ amount_total }}, due on {{ invoice_date_due }}. You can read it online, too.</p>' +
          '<p>Kind regards<br />{{ sender.name }}<br />{{ company.name }}</p>',
      },
      ko_KR: {
        subject: '[{{ company.name }}] 청구서 {{ name }}',
        body:
          '<p>{{ recipient.name }} 님, 안녕하세요.</p>' +
          '<p>청구서({{ name }}, 합계 {{ amount_total }}, 지급 기한 {{ invoice_date_due }})를 보내드립니다. 온라인에서도 확인하실 수 있습니다.</p>' +
          '<p>감사합니다.<br />{{ sender.name }}<br />{{ company.name }}</p>',
      },
    },
  },
  {
    key: 'email_template_edi_credit_note',
    model: 'account.move',
    name: { en_US: 'Credit note: send', ko_KR: '대변 전표 발송' },
    texts: {
      en_US: {
        subject: 'Credit note {{ name }} from {{ company.name }}',
        body:
          '<p>Dear {{ recipient.name }},</p>' +
          '<p>Here is our credit note {{ name }} over {{ amount_total }}. You can read it online, too.</p>' +
          '<p>Kind regards<br />{{ sender.name }}<br />{{ company.name }}</p>',
      },
      ko_KR: {
        subject: '[{{ company.name }}] 대변 전표 {{ name }}',
        body:
          '<p>{{ recipient.name }} 님, 안녕하세요.</p>' +
          '<p>대변 전표({{ name }}, 합계 {{ amount_total }})를 보내드립니다. 온라인에서도 확인하실 수 있습니다.</p>' +
          '<p>감사합니다.<br />{{ sender.name }}<br />{{ company.name }}</p>',
      },
    },
  },
]
