import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import { badge, boolean, radio, selection } from './choice.tsx'
import { date, datetime } from './dates.tsx'
import { html } from './html.tsx'
import { image } from './image.tsx'
import { many2one } from './many2one.tsx'
import { number } from './number.tsx'
import { tags } from './tags.tsx'
import { char, email, phone, secret, text, url } from './text.tsx'
import type { FieldWidget } from './widget.ts'

/**
 * Widgets by the field's type, and by the names that views give (`v.field('email', { widget: 'email' })`). The tenth is added as the second
 * was: a file with `Show` and `Edit`, and a line here.
 */
export const widgets: Readonly<Record<string, FieldWidget>> = {
  char,
  text,
  html,
  integer: number,
  float: number,
  monetary: number,
  boolean,
  date,
  datetime,
  selection,
  many2one,
  many2many: tags,
  // By name
  badge,
  email,
  image,
  phone,
  radio,
  secret,
  url,
}

const plain: FieldWidget = {}

/** The view's choice, or that of the type; a type without a widget is shown as text and not changed by hand. */
export const widgetFor = (field: FieldMeta, shown?: Pick<ShownField, 'widget'>): FieldWidget =>
  widgets[shown?.widget ?? ''] ?? widgets[field.type === 'binary' ? 'image' : field.type] ?? plain
