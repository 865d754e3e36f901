import { base, contactManager, employee } from '@erp4/base'
import {
  type Access,
  Decimal,
  type ModelFields,
  all,
  app,
  boolean,
  char,
  date,
  datetime,
  decimal,
  float,
  grant,
  group,
  integer,
  many2many,
  many2one,
  model,
  one2many,
  protect,
  selection,
  text,
} from '@erp4/orm'

/** Things for hire, so that groups, imports and forms can be tried on every kind of field. */
export const desk = group('rental.desk', { label: 'Rental: own bookings', implies: [employee, contactManager] })
export const owner = group('rental.owner', { label: 'Rental: everything', implies: [desk] })

export const rental_thing = model('rental.thing', {
  label: 'Thing',
  order: 'name',
  fields: {
    name: char({ required: true, translate: true }),
    daily: decimal({ label: 'Price a Day', digits: 2 }),
    cost: decimal({ label: 'What It Cost' }),
    kind: selection({ tool: 'Tool', vehicle: 'Vehicle' }, { default: 'tool' }),
    depot: char(),
    hidden: boolean({ help: 'Only its owner knows of it.' }),
    booking_ids: one2many('rental.booking', 'thing_id'),
  },
})

export const rental_booking = model('rental.booking', {
  label: 'Booking',
  order: 'name, id',
  fields: {
    name: char({ required: true }),
    state: selection({ asked: 'Asked For', confirmed: 'Confirmed' }, { required: true, default: 'asked' }),
    thing_id: many2one('rental.thing'),
    depot: char({ related: 'thing_id.depot' }),
    kind: selection({ tool: 'Tool', vehicle: 'Vehicle' }, { related: 'thing_id.kind' }),
    partner_id: many2one('res.partner'),
    user_id: many2one('res.users', { default: (env) => env.user.id }),
    starts: datetime({ label: 'Starts At' }),
    day: date(),
    days: integer({ default: 1 }),
    price: decimal({ digits: 2 }),
    weight: float(),
    paid: boolean({ label: 'Paid in Advance' }),
    note: text(),
    secret: integer({ label: 'Margin' }),
    tag_ids: many2many('rental.tag'),
    line_ids: one2many('rental.line', 'booking_id'),
    total: decimal({ compute: 'stored' }),
    greeting: char({ compute: 'live' }),
    value: decimal({ compute: 'stored', label: 'Value at Risk' }),
    deposit: decimal({ compute: 'stored' }),
    active: boolean({ default: true }),
  },
})

export const rental_line = model('rental.line', {
  label: 'Extra',
  fields: {
    booking_id: many2one('rental.booking', { required: true, ondelete: 'cascade' }),
    name: char({ required: true }),
    quantity: integer({ default: 1 }),
    price: decimal(),
    amount: decimal({ compute: 'stored' }),
    share: char({ compute: 'live' }),
  },
})

export const rental_tag = model('rental.tag', {
  label: 'Tag',
  order: 'name',
  unique: [['name']],
  fields: { name: char({ required: true }), hidden: boolean() },
})

declare module '@erp4/orm/models' {
  interface Models {
    'rental.thing': RentalThing
    'rental.booking': RentalBooking
    'rental.line': RentalLine
    'rental.tag': RentalTag
  }
  interface RentalThing extends ModelFields<typeof rental_thing> {}
  interface RentalBooking extends ModelFields<typeof rental_booking> {}
  interface RentalLine extends ModelFields<typeof rental_line> {}
  interface RentalTag extends ModelFields<typeof rental_tag> {}
}

const zero = Decimal.of(0)

rental_line.compute('amount', ['quantity', 'price'], (line) => (line.price ?? zero).times(Decimal.of(line.quantity ?? 0)))
rental_line.compute(
  'share',
  ['name', 'booking_id.name', 'booking_id.days'],
  (line) => `${line.name} of ${line.booking_id?.name ?? '?'} (${line.booking_id?.days ?? 0})`,
)
rental_booking.compute('total', ['price', 'days', 'line_ids.amount'], (booking) =>
  (booking.price ?? zero).times(Decimal.of(booking.days ?? 0)).plus(Decimal.sum(booking.line_ids.map((line) => line.amount ?? zero))),
)
rental_booking.compute(
  'greeting',
  ['partner_id.name', 'total'],
  (booking) => `${booking.partner_id?.name ?? 'Nobody'}: ${String(booking.total ?? 0)}`,
)
rental_booking.compute('value', ['thing_id.cost', 'days'], (booking) =>
  (booking.thing_id?.cost ?? zero).times(Decimal.of(booking.days ?? 0)),
)
rental_booking.compute('deposit', ['thing_id.daily'], (booking) => booking.thing_id?.daily ?? zero)
rental_booking.onchange('thing_id', ['thing_id.daily', 'thing_id.name'], (booking) => ({
  price: booking.thing_id?.daily ?? null,
  note: booking.thing_id ? `Mind the ${booking.thing_id.name}` : null,
}))
rental_booking.onchange('note', ['note'], (booking) => (booking.note?.includes('Boat') ? { paid: true } : {}))
// What is confirmed is insured, and its gifts are taken away; maps come twice.
rental_booking.onchange('state', ['state', 'thing_id.name', 'line_ids.name'], (booking, env, warn) => {
  if (booking.state !== 'confirmed') return {}
  if (!booking.thing_id) warn(env.t('Nothing is hired yet.'))
  if (booking.line_ids.length === 0) warn('No extras.', 'Extras')
  const named = (name: string) => booking.line_ids.filter((line) => line.name === name)
  return {
    line_ids: [
      ...named('Gift').map((line) => ['delete', line.id] as const),
      ...named('Map').map((line) => ['update', line.id, { quantity: 2 }] as const),
      ['create', { name: 'Insurance', price: Decimal.of(9) }],
    ],
  }
})
// Heavy things travel without their first tag.
rental_booking.onchange('weight', ['tag_ids'], (booking) => ({ tag_ids: booking.tag_ids.slice(1) }))
rental_booking.constrain(['days'], (booking) => (booking.days ?? 0) <= 365 || 'Nobody hires for more than a year.')

const access: Access<'rental.thing' | 'rental.booking' | 'rental.line' | 'rental.tag'> = {
  'rental.thing': [grant(desk, ['read'], () => [['hidden', '=', false]]), grant(owner, all), protect(['cost'], owner)],
  'rental.booking': [grant(desk, all, (me) => [['user_id', 'in', [me.id, null]]]), grant(owner, all), protect(['secret'], owner)],
  'rental.line': [grant(desk, all, (me) => [['booking_id.user_id', 'in', [me.id, null]]]), grant(owner, all)],
  'rental.tag': [grant(desk, ['read'], () => [['hidden', '=', false]]), grant(owner, all)],
}

export const rental = app({
  name: 'rental',
  depends: [base],
  models: [rental_thing, rental_booking, rental_line, rental_tag],
  groups: [desk, owner],
  access,
})
