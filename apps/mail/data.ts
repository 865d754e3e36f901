import { loadNamed } from '@erp4/base'
import type { Env } from '@erp4/orm'

/** Kinds of messages and activities, under the external ids that integrations know. */
export async function loadMailData(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  await loadNamed(
    all,
    'mail.message.subtype',
    [
      { key: 'mt_comment', values: { name: 'Discussions', internal: false, default: true, sequence: 0 }, korean: { name: '메시지' } },
      { key: 'mt_note', values: { name: 'Note', internal: true, default: false, sequence: 100 }, korean: { name: '메모' } },
      { key: 'mt_activities', values: { name: 'Activities', internal: true, default: false, sequence: 90 }, korean: { name: '활동' } },
    ],
    { module: 'mail' },
  )
  await loadNamed(
    all,
    'mail.activity.type',
    [
      { key: 'mail_activity_data_email', values: {}, initial: { name: 'Email', icon: 'mail', sequence: 3 }, korean: { name: '이메일' } },
      {
        key: 'mail_activity_data_call',
        values: {},
        initial: { name: 'Call', icon: 'phone', category: 'phonecall', delay_count: 2, sequence: 6 },
        korean: { name: '전화' },
      },
      {
        key: 'mail_activity_data_meeting',
        values: {},
        initial: { name: 'Meeting', icon: 'users', category: 'meeting', sequence: 9 },
        korean: { name: '회의' },
      },
      {
        key: 'mail_activity_data_todo',
        values: {},
        initial: { name: 'To-Do', icon: 'check', delay_count: 5, sequence: 12 },
        korean: { name: '할 일' },
      },
      {
        key: 'mail_activity_data_upload_document',
        values: {},
        initial: { name: 'Upload Document', icon: 'file', category: 'upload_file', delay_count: 5, sequence: 25 },
        korean: { name: '문서 올리기' },
      },
    ],
    { module: 'mail' },
  )
}
