import type { StandardTemplate } from '@erp4/mail'

/** What letters with quotations and orders say until somebody writes them anew. */
export const templates: readonly StandardTemplate[] = [
  {
    key: 'email_template_edi_sale',
    model: 'sale.order',
    name: { en_US: 'Quotation: send', ko_KR: '견적서 발송' },
    texts: {
      en_US: {
        subject: 'Quotation {{ name }} from {{ company.name }}',
        body:
          '<p>Dear {{ recipient.name }},</p>' +
          '<p>Here is our quotation {{ name }} over {{ amount_total }}. You can read it, ask questions and accept it online.</p>' +
          '<p>Kind regards<br />{{ sender.name }}<br />{{ company.name }}</p>',
      },
      ko_KR: {
        subject: '[{{ company.name }}] 견적서 {{ name }}',
        body:
          '<p>{{ recipient.name }} 님, 안녕하세요.</p>' +
          '<p>견적서({{ name }}, 합계 {{ amount_total }})를 보내드립니다. 온라인에서 내용을 확인하고 문의하거나 수락하실 수 있습니다.</p>' +
          '<p>감사합니다.<br />{{ sender.name }}<br />{{ company.name }}</p>',
      },
    },
  },
  {
    key: 'mail_template_sale_confirmation',
    model: 'sale.order',
    name: { en_US: 'Order: send', ko_KR: '주문서 발송' },
    texts: {
      en_US: {
        subject: 'Order {{ name }} from {{ company.name }}',
        body:
          '<p>Dear {{ recipient.name }},</p>' +
          '<p>Thank you for your order {{ name }} over {{ amount_total }}. It is attached, and you can read it online, too.</p>' +
          '<p>Kind regards<br />{{ sender.name }}<br />{{ company.name }}</p>',
      },
      ko_KR: {
        subject: '[{{ company.name }}] 주문서 {{ name }}',
        body:
          '<p>{{ recipient.name }} 님, 안녕하세요.</p>' +
          '<p>주문해 주셔서 감사합니다. 주문서({{ name }}, 합계 {{ amount_total }})를 첨부해 드립니다. 온라인에서도 확인하실 수 있습니다.</p>' +
          '<p>감사합니다.<br />{{ sender.name }}<br />{{ company.name }}</p>',
      },
    },
  },
]
