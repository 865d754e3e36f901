import { DateInput, DatesProvider, DateTimePicker } from '@mantine/dates'
import '@mantine/dates/styles.layer.css'
import dayjs from 'dayjs'
import 'dayjs/locale/ko'
import timezone from 'dayjs/plugin/timezone'
import utc from 'dayjs/plugin/utc'
import { firstDayOfWeek, isTwelveHours } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { start } from '../start.ts'
import type { EditProps } from './widget.ts'
import { inputProps } from './widget.ts'

dayjs.extend(utc)
dayjs.extend(timezone)

const lang = start.session.user_context.lang.slice(0, 2)
const zone = start.session.user_context.tz || 'UTC'
const isKorean = lang === 'ko'
const dayFormat = isKorean ? 'YYYY. M. D.' : 'MMM D, YYYY'
/** As `formatMoment` tells it, so that nothing jumps when the calendar comes. */
const hourFormat = !isTwelveHours ? 'HH:mm' : isKorean ? 'A h:mm' : 'h:mm A'
const momentFormat = `${dayFormat}${isKorean ? '' : ','} ${hourFormat}`
const monthFormat = isKorean ? 'YYYY년 M월' : 'MMMM YYYY'

/** 0 is Sunday. */
const weekStart = (firstDayOfWeek() % 7) as 0 | 1 | 2 | 3 | 4 | 5 | 6

/** A day as it is, or a moment in the user's zone that is kept in UTC. */
export function Picker(props: EditProps) {
  const { field, value, onChange } = props
  const t = useTexts()
  // A button of its own, which is never "required": the label's star and the problem below it say so.
  const { 'aria-required': required, ...inputs } = inputProps(props)
  const shared = {
    ...inputs,
    classNames: { input: 'input' },
    size: 'xs' as const,
    variant: 'unstyled' as const,
    clearable: !props.required,
    monthLabelFormat: monthFormat,
    popoverProps: { withinPortal: true },
    clearButtonProps: { 'aria-label': t.clear },
    previousLabel: t.previousMonth,
    nextLabel: t.nextMonth,
  }
  return (
    <DatesProvider settings={{ locale: isKorean ? 'ko' : 'en', firstDayOfWeek: weekStart }}>
      {field.type === 'date' ? (
        <DateInput
          {...shared}
          aria-required={required}
          valueFormat={dayFormat}
          value={typeof value === 'string' && value !== '' ? value : null}
          onChange={(next) => onChange(next ?? false)}
        />
      ) : (
        <DateTimePicker
          {...shared}
          valueFormat={momentFormat}
          timePickerProps={{
            format: isTwelveHours ? '12h' : '24h',
            amPmLabels: isKorean ? { am: '오전', pm: '오후' } : { am: 'AM', pm: 'PM' },
            hoursInputLabel: t.hours,
            minutesInputLabel: t.minutes,
            amPmInputLabel: t.amPm,
          }}
          value={typeof value === 'string' && value !== '' ? dayjs.utc(value).tz(zone).format('YYYY-MM-DD HH:mm:ss') : null}
          onChange={(next) => onChange(next ? dayjs.tz(next, zone).utc().format('YYYY-MM-DD HH:mm:ss') : false)}
        />
      )}
    </DatesProvider>
  )
}
